'use strict';

// RFC 7692, sections 7.2 and 9: what is compressed at all, and messages that
// inflate to more than anybody asked for.

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { constants, deflateRawSync } = require('node:zlib');

const { hex, line, ROLES, start } = require('../support/conversation');
const { Context, messages } = require('../support/deflate');
const { BINARY, CLOSE, CONTINUATION, TEXT } = require('../support/frames');

const PMD = 'permessage-deflate';
const RSV1 = 4;
const MEBIBYTE = 2 ** 20;

/** Compressed zeros for as many MiB as it is repeated; each refers back. */
const ZEROS = deflateRawSync(Buffer.alloc(MEBIBYTE), {
  dictionary: Buffer.alloc(32768),
  finishFlush: constants.Z_SYNC_FLUSH,
  level: 9
});
const FIRST_ZEROS = deflateRawSync(Buffer.alloc(MEBIBYTE), {
  finishFlush: constants.Z_SYNC_FLUSH,
  level: 9
});

/** The payload of a message of `mebibytes` of zeros. */
function bomb(mebibytes) {
  return Buffer.concat([
    FIRST_ZEROS,
    ...Array(mebibytes - 1).fill(ZEROS)
  ]).subarray(0, -4);
}

for (const role of ROLES) {
  const end = role === 'server' ? 'server' : 'client';

  describe(`RFC 7692, maxPayload, as a ${role}`, () => {
    it('stops inflating a bomb at the limit', async (t) => {
      const payload = bomb(1024);
      const connect = await start(
        t,
        role,
        { maxPayload: 2 * MEBIBYTE, perMessageDeflate: true },
        PMD
      );
      const conversation = await connect();
      const before = process.resourceUsage().maxRSS;

      assert.ok(payload.length < 2 * MEBIBYTE);
      conversation.send(BINARY, payload, { rsv: RSV1 });
      await conversation.over();

      // 1 GiB is in it; a peak in KiB far below that was enough to refuse it.
      assert.ok(process.resourceUsage().maxRSS - before < 128 * 1024);
      assert.strictEqual(
        conversation.errors[0].message,
        'Max payload size exceeded'
      );
      assert.deepStrictEqual(conversation.events, [
        'error WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
        'close 1006'
      ]);
      assert.deepStrictEqual(conversation.frames, ['close 1009']);
    });

    it('inflates a message of exactly the limit', async (t) => {
      for (const [extra, expected] of [
        [0, null],
        [1, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH']
      ]) {
        for (const limit of [50, 4096, 70_000, MEBIBYTE]) {
          const connect = await start(
            t,
            role,
            { maxPayload: limit, perMessageDeflate: true },
            PMD
          );
          const conversation = await connect();
          const payload = new Context().compress(Buffer.alloc(limit + extra));

          conversation.send(BINARY, payload, { rsv: RSV1 });
          conversation.send(CLOSE);
          await conversation.over();

          const [first] = conversation.events;
          assert.strictEqual(
            first,
            expected === null
              ? line('binary', hex(Buffer.alloc(limit)))
              : `error ${expected}`
          );
        }
      }
    });

    it('counts what all fragments inflate to', async (t) => {
      const connect = await start(
        t,
        role,
        { maxPayload: 3000, perMessageDeflate: true },
        PMD
      );
      const conversation = await connect();
      const part = deflateRawSync(Buffer.alloc(1000), {
        finishFlush: constants.Z_SYNC_FLUSH
      });

      // Each refers to nothing before it, so that it may be repeated.
      for (let message = 3; message <= 4; message++) {
        for (let i = 1; i <= message; i++) {
          const fin = i === message;

          conversation.send(
            i === 1 ? BINARY : CONTINUATION,
            fin ? part.subarray(0, -4) : part,
            { fin, rsv: i === 1 ? RSV1 : 0 }
          );
        }
      }
      await conversation.over();

      assert.deepStrictEqual(conversation.events, [
        line('binary', hex(Buffer.alloc(3000))),
        'error WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
        'close 1006'
      ]);
    });

    it('refuses a compressed payload above the limit unseen', async (t) => {
      const connect = await start(
        t,
        role,
        { maxPayload: 100, perMessageDeflate: true },
        PMD
      );
      const conversation = await connect();

      conversation.send(BINARY, '', { length: 101, rsv: RSV1 });
      await conversation.over();

      assert.deepStrictEqual(conversation.events, [
        'error WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
        'close 1006'
      ]);
    });

    it('inflates 64 MiB without a limit', async (t) => {
      const connect = await start(
        t,
        role,
        { maxPayload: 0, perMessageDeflate: true },
        PMD
      );
      const conversation = await connect();
      const lengths = [];

      conversation.ws.removeAllListeners('message');
      conversation.ws.on('message', (data) => {
        lengths.push(
          data.length,
          data.findIndex((byte) => byte !== 0)
        );
      });
      conversation.send(BINARY, bomb(64), { rsv: RSV1 });
      conversation.send(CLOSE);
      await conversation.over();

      assert.deepStrictEqual(conversation.errors, []);
      assert.deepStrictEqual(lengths, [64 * MEBIBYTE, -1]);
    });
  });

  describe(`RFC 7692, what is compressed, as a ${role}`, () => {
    /** What the peer gets: the lengths that were sent, and RSV1 of each. */
    async function sent(t, perMessageDeflate, answer, send) {
      const connect = await start(t, role, { perMessageDeflate }, answer);
      const conversation = await connect();

      send(conversation.ws);
      conversation.ws.close(1000);
      await conversation.over();
      return conversation.rawFrames.slice(0, -1);
    }

    const rsvOf = (frames) => frames.map(({ rsv }) => rsv);
    const noContext = `${PMD}; ${end}_no_context_takeover`;
    const otherNoContext = `${PMD}; ${
      role === 'server' ? 'client' : 'server'
    }_no_context_takeover`;
    const [text] = messages(3, [2000]);

    it('leaves short messages as they are without a context', async (t) => {
      const frames = await sent(t, {}, noContext, (ws) => {
        for (const length of [0, 1, 1023, 1024, 1025]) {
          ws.send(text.slice(0, length));
        }
      });

      assert.deepStrictEqual(rsvOf(frames), [0, 0, 0, RSV1, RSV1]);
      assert.strictEqual(String(frames[2].payload), text.slice(0, 1023));
    });

    it('follows the threshold that was given', async (t) => {
      const frames = await sent(t, { threshold: 10 }, noContext, (ws) => {
        for (const length of [9, 10]) ws.send(text.slice(0, length));
        // Counted in bytes, not in characters.
        ws.send('é'.repeat(5));
        ws.send(Buffer.from(text.slice(0, 9)));
      });

      assert.deepStrictEqual(rsvOf(frames), [0, RSV1, RSV1, 0]);
    });

    it('compresses every message with a context', async (t) => {
      for (const answer of [PMD, otherNoContext]) {
        const frames = await sent(t, {}, answer, (ws) => {
          for (const length of [0, 1, 1023]) ws.send(text.slice(0, length));
        });
        const context = new Context();

        assert.deepStrictEqual(rsvOf(frames), [RSV1, RSV1, RSV1]);
        assert.deepStrictEqual(
          frames.map(({ payload }) => String(context.decompress(payload))),
          ['', text[0], text.slice(0, 1023)]
        );
      }
    });

    it('compresses nothing that is not to be', async (t) => {
      const frames = await sent(t, { threshold: 0 }, PMD, (ws) => {
        ws.send(text, { compress: false });
        ws.send(text);
        ws.send('x', { compress: false });
        ws.ping('p');
      });

      assert.deepStrictEqual(rsvOf(frames), [0, RSV1, 0, 0]);
      assert.strictEqual(String(frames[0].payload), text);
    });

    it('decides at the first fragment for all of a message', async (t) => {
      const frames = await sent(t, {}, noContext, (ws) => {
        ws.send('short', { fin: false });
        ws.send(text, { fin: true });
        ws.send(text, { fin: false });
        ws.send('short', { fin: false });
        ws.send('', { fin: true });
      });
      const compressed = frames.slice(2).map(({ payload }) => payload);

      assert.deepStrictEqual(
        frames.map(({ fin, opcode, rsv }) => [fin, opcode, rsv]),
        [
          [false, TEXT, 0],
          [true, CONTINUATION, 0],
          [false, TEXT, RSV1],
          [false, CONTINUATION, 0],
          [true, CONTINUATION, 0]
        ]
      );
      assert.strictEqual(String(frames[1].payload), text);
      assert.strictEqual(
        String(new Context().decompress(Buffer.concat(compressed))),
        `${text}short`
      );
    });

    it('keeps the order of compressed and other frames', async (t) => {
      const frames = await sent(t, { threshold: 0 }, PMD, (ws) => {
        ws.send(text.repeat(50));
        ws.ping('1');
        ws.send('2', { compress: false });
        ws.send('3');
        ws.pong('4');
      });

      assert.deepStrictEqual(
        frames.map(({ opcode, rsv }) => [opcode, rsv]),
        [
          [TEXT, RSV1],
          [9, 0],
          [TEXT, 0],
          [TEXT, RSV1],
          [10, 0]
        ]
      );
    });
  });
}

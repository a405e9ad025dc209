'use strict';

// RFC 7692, sections 6 and 7.2: which frames may be compressed, and what may
// be in them.

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { constants, deflateRawSync } = require('node:zlib');

const { converse, ROLES, start } = require('../support/conversation');
const { Context, TAIL } = require('../support/deflate');
const {
  BINARY,
  CLOSE,
  closePayload,
  CONTINUATION,
  PING,
  PONG,
  TEXT
} = require('../support/frames');

const PMD = 'permessage-deflate';
const RSV1 = 4;

/** "Hello", as in the examples of section 7.2.3. */
const HELLO = Buffer.from('f248cdc9c90700', 'hex');
const HELLO_AGAIN = Buffer.from('f200110000', 'hex');
const HELLO_FINAL = Buffer.from('f348cdc9c9070000', 'hex');
/** The same without the octet that ends a message. */
const ENDED = HELLO_FINAL.subarray(0, -1);

function goodbye(peer) {
  return peer.frame(CLOSE, closePayload(1000));
}

function compressed(peer, hex, opcode = TEXT) {
  return peer.frame(opcode, Buffer.from(hex, 'hex'), { rsv: RSV1 });
}

function startWith(t, role, options = {}) {
  return start(t, role, { perMessageDeflate: true, ...options }, PMD);
}

async function assertHeard(connect, compose, expected) {
  for (const { events } of await converse(connect, compose)) {
    assert.deepStrictEqual(events, expected);
  }
}

for (const role of ROLES) {
  describe(`RFC 7692, 6.1, RSV1, as a ${role}`, () => {
    it('takes messages with and without it in turn', async (t) => {
      await assertHeard(
        await startWith(t, role),
        (peer) => [
          peer.frame(TEXT, HELLO, { rsv: RSV1 }),
          peer.frame(TEXT, 'plain'),
          peer.frame(BINARY, HELLO_AGAIN, { rsv: RSV1 }),
          peer.frame(TEXT, 'pla', { fin: false }),
          peer.frame(CONTINUATION, 'in'),
          peer.frame(TEXT, HELLO_AGAIN, { rsv: RSV1 }),
          goodbye(peer)
        ],
        [
          'text Hello',
          'text plain',
          'binary 48656c6c6f',
          'text plain',
          'text Hello',
          'close 1000'
        ]
      );
    });

    it('refuses it on every control frame', async (t) => {
      for (const opcode of [CLOSE, PING, PONG]) {
        await assertHeard(
          await startWith(t, role),
          (peer) => [
            peer.frame(TEXT, HELLO, { rsv: RSV1 }),
            peer.frame(opcode, '', { rsv: RSV1 })
          ],
          ['text Hello', 'error WS_ERR_UNEXPECTED_RSV_1', 'close 1006']
        );
      }
    });

    it('refuses it on a continuation', async (t) => {
      for (const rsv of [RSV1, 0]) {
        await assertHeard(
          await startWith(t, role),
          (peer) => [
            peer.frame(TEXT, HELLO.subarray(0, 3), { fin: false, rsv }),
            peer.frame(CONTINUATION, HELLO.subarray(3), { rsv: RSV1 })
          ],
          ['error WS_ERR_UNEXPECTED_RSV_1', 'close 1006']
        );
      }
    });

    it('refuses it without the extension', async (t) => {
      const options = { perMessageDeflate: false };

      for (const opcode of [TEXT, BINARY]) {
        await assertHeard(
          await start(t, role, options),
          (peer) => [peer.frame(opcode, HELLO, { rsv: RSV1 })],
          ['error WS_ERR_UNEXPECTED_RSV_1', 'close 1006']
        );
      }
    });

    it('refuses RSV2 and RSV3 with the extension', async (t) => {
      const connect = await startWith(t, role);

      for (const rsv of [1, 2, RSV1 | 1, RSV1 | 2]) {
        await assertHeard(
          connect,
          (peer) => [peer.frame(TEXT, HELLO, { rsv })],
          ['error WS_ERR_UNEXPECTED_RSV_2_3', 'close 1006']
        );
      }
    });
  });

  describe(`RFC 7692, 7.2, compressed messages, as a ${role}`, () => {
    it('reads the examples of section 7.2.3', async (t) => {
      const connect = await startWith(t, role);

      for (const payloads of [
        ['f248cdc9c90700'],
        ['f248cdc9c90700', 'f248cdc9c90700'],
        ['f248cdc9c90700', 'f200110000', 'f200110000'],
        ['000500faff48656c6c6f00'],
        ['f348cdc9c9070000'],
        ['f24805000000ffffcac9c90700']
      ]) {
        await assertHeard(
          connect,
          (peer) => [
            ...payloads.map((payload) => compressed(peer, payload)),
            goodbye(peer)
          ],
          [...payloads.map(() => 'text Hello'), 'close 1000']
        );
      }
    });

    it('reads a message that is cut into fragments anywhere', async (t) => {
      const connect = await startWith(t, role);

      for (let at = 0; at <= HELLO.length; at++) {
        await assertHeard(
          connect,
          (peer) => [
            peer.frame(TEXT, HELLO.subarray(0, at), { fin: false, rsv: RSV1 }),
            peer.frame(CONTINUATION, '', { fin: false }),
            peer.frame(CONTINUATION, HELLO.subarray(at)),
            compressed(peer, HELLO_AGAIN.toString('hex'), BINARY),
            goodbye(peer)
          ],
          ['text Hello', 'binary 48656c6c6f', 'close 1000']
        );
      }
    });

    it('hears control frames between compressed fragments', async (t) => {
      await assertHeard(
        await startWith(t, role),
        (peer) => [
          peer.frame(TEXT, HELLO.subarray(0, 3), { fin: false, rsv: RSV1 }),
          peer.frame(PING, '1'),
          peer.frame(CONTINUATION, HELLO.subarray(3, 5), { fin: false }),
          peer.frame(PONG, '2'),
          peer.frame(CONTINUATION, HELLO.subarray(5)),
          peer.frame(PING, '3'),
          goodbye(peer)
        ],
        ['ping 31', 'pong 32', 'text Hello', 'ping 33', 'close 1000']
      );
    });

    it('reads empty messages', async (t) => {
      await assertHeard(
        await startWith(t, role),
        (peer) => [
          compressed(peer, '00'),
          compressed(peer, '00', BINARY),
          peer.frame(TEXT, '', { fin: false, rsv: RSV1 }),
          peer.frame(CONTINUATION, '', { fin: false }),
          peer.frame(CONTINUATION, Buffer.of(0)),
          peer.frame(TEXT, HELLO, { rsv: RSV1 }),
          goodbye(peer)
        ],
        ['text', 'binary', 'text', 'text Hello', 'close 1000']
      );
    });

    it('takes a compressed payload of no bytes for empty', async (t) => {
      await assertHeard(
        await startWith(t, role),
        (peer) => [compressed(peer, ''), goodbye(peer)],
        ['text', 'close 1000']
      );
    });

    it('begins anew after a block with BFINAL', async (t) => {
      await assertHeard(
        await startWith(t, role),
        (peer) => [
          peer.frame(TEXT, HELLO, { rsv: RSV1 }),
          peer.frame(TEXT, HELLO_FINAL, { rsv: RSV1 }),
          peer.frame(TEXT, HELLO, { rsv: RSV1 }),
          peer.frame(TEXT, HELLO_AGAIN, { rsv: RSV1 }),
          peer.frame(TEXT, HELLO_FINAL, { rsv: RSV1 }),
          // There is no "Hello" before it any more.
          peer.frame(TEXT, HELLO_AGAIN, { rsv: RSV1 })
        ],
        [
          'text Hello',
          'text Hello',
          'text Hello',
          'text Hello',
          'text Hello',
          'error Z_DATA_ERROR',
          'close 1006'
        ]
      );
    });

    it('begins anew with the fragment behind one that goes past BFINAL, as ws does', async (t) => {
      const connect = await startWith(t, role);

      for (const [fragments, expected] of [
        [
          [HELLO_FINAL, HELLO],
          ['text HelloHello', 'text Hello', 'close 1000']
        ],
        // What is behind it in its own frame is ignored.
        [
          [Buffer.concat([HELLO_FINAL, HELLO]), HELLO_FINAL, HELLO],
          ['text HelloHelloHello', 'text Hello', 'close 1000']
        ],
        // It shows by the first byte behind it, if that is in the next fragment.
        [
          [ENDED, HELLO],
          ['text Hello', 'text Hello', 'close 1000']
        ],
        [
          [ENDED, Buffer.alloc(0), HELLO, HELLO],
          ['text HelloHello', 'text Hello', 'close 1000']
        ],
        // The fragments before it are not there any more to refer to.
        [
          [HELLO_FINAL, HELLO_AGAIN],
          ['error Z_DATA_ERROR', 'close 1006']
        ],
        [
          [HELLO_FINAL, Buffer.of(7)],
          ['error Z_DATA_ERROR', 'close 1006']
        ]
      ]) {
        await assertHeard(
          connect,
          (peer) => [
            ...fragments.map((payload, i) =>
              peer.frame(i === 0 ? TEXT : CONTINUATION, payload, {
                fin: i === fragments.length - 1,
                rsv: i === 0 ? RSV1 : 0
              })
            ),
            peer.frame(TEXT, HELLO, { rsv: RSV1 }),
            goodbye(peer)
          ],
          expected
        );
      }
    });

    it('ignores what is behind BFINAL in the same frame', async (t) => {
      await assertHeard(
        await startWith(t, role),
        (peer) => [
          peer.frame(TEXT, Buffer.concat([HELLO_FINAL, HELLO]), { rsv: RSV1 }),
          goodbye(peer)
        ],
        ['text Hello', 'close 1000']
      );
    });

    it('reads what zlib writes at every level and strategy', async (t) => {
      const text = 'abcabcabc'.repeat(40) + 'The quick brown fox. '.repeat(20);
      const ways = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((level) =>
        [0, 1, 2, 3, 4].map((strategy) => ({ level, strategy }))
      );
      const connect = await startWith(t, role);
      const conversation = await connect();
      const received = [];

      conversation.ws.on('message', (data) => received.push(String(data)));
      for (const way of ways) {
        const bytes = deflateRawSync(text, {
          finishFlush: constants.Z_SYNC_FLUSH,
          ...way
        });

        assert.deepStrictEqual(bytes.subarray(-4), TAIL);
        conversation.send(TEXT, bytes.subarray(0, -4), { rsv: RSV1 });
      }
      conversation.send(CLOSE);
      await conversation.over();

      assert.deepStrictEqual(
        received,
        ways.map(() => text)
      );
    });

    it('checks the UTF-8 of what was inflated', async (t) => {
      const connect = await startWith(t, role);

      for (const bytes of [Buffer.of(0xff), Buffer.from('61eda080', 'hex')]) {
        const payload = new Context().compress(bytes);

        await assertHeard(
          connect,
          (peer) => [
            peer.frame(BINARY, payload, { rsv: RSV1 }),
            peer.frame(TEXT, payload, { rsv: RSV1 })
          ],
          [
            `binary ${bytes.toString('hex')}`,
            'error WS_ERR_INVALID_UTF8',
            'close 1006'
          ]
        );
      }
    });

    it('joins a character that is cut by fragments', async (t) => {
      const payload = new Context().compress('a€b');

      for (let at = 0; at <= payload.length; at++) {
        await assertHeard(
          await startWith(t, role),
          (peer) => [
            peer.frame(TEXT, payload.subarray(0, at), {
              fin: false,
              rsv: RSV1
            }),
            peer.frame(CONTINUATION, payload.subarray(at)),
            goodbye(peer)
          ],
          ['text a€b', 'close 1000']
        );
      }
    });
  });
}

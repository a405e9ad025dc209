'use strict';

// RFC 6455, sections 5.5.1, 7.1 and 7.4: the closing handshake and its codes.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const {
  converse,
  inParallel,
  ROLES,
  start
} = require('../support/conversation');
const {
  BINARY,
  CLOSE,
  closePayload,
  PING,
  TEXT
} = require('../support/frames');

const P = 'Invalid WebSocket frame: ';

/** The longest reason, of one to four bytes a character. */
const REASON = 'a'.repeat(100) + 'é'.repeat(8) + '€' + '😀';

/** Section 7.4.2, and the codes that IANA has registered since. */
const VALID = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000,
  3001, 3500, 3999, 4000, 4001, 4500, 4999
];
const INVALID = [
  ...Array.from({ length: 1000 }, (_, code) => code),
  1004,
  1005,
  1006,
  ...[1015, 1016, 1017, 1099, 1100, 1999, 2000, 2001, 2500, 2998, 2999],
  ...[5000, 5001, 9999, 10_000, 32_767, 32_768, 49_151, 65_534, 65_535]
];

for (const role of ROLES) {
  describe(`RFC 6455, 5.5.1 and 7.4, close, as a ${role}`, () => {
    it('answers a close frame without a body with one', async (t) => {
      const connect = await start(t, role);
      const conversations = await converse(connect, (peer) => [
        peer.frame(CLOSE)
      ]);

      for (const { events, frames } of conversations) {
        assert.deepStrictEqual(events, ['close 1005']);
        assert.deepStrictEqual(frames, ['close']);
      }
    });

    it('refuses a body of one byte', async (t) => {
      const connect = await start(t, role);

      for (const byte of [0x00, 0x03, 0xff]) {
        const conversations = await converse(connect, (peer) => [
          peer.frame(CLOSE, Buffer.from([byte]))
        ]);

        for (const { errors, events, frames } of conversations) {
          assert.deepStrictEqual(events, [
            'error WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
            'close 1006'
          ]);
          assert.strictEqual(errors[0].message, `${P}invalid payload length 1`);
          assert.deepStrictEqual(frames, ['close 1002']);
        }
      }
    });

    it('echoes every code that may be sent', async (t) => {
      const connect = await start(t, role);

      await inParallel(VALID, async (code) => {
        for (const reason of ['', 'Going away…']) {
          const conversations = await converse(connect, (peer) => [
            peer.frame(CLOSE, closePayload(code, reason))
          ]);
          const expected = `close ${code} ${reason}`.trimEnd();

          for (const { events, frames } of conversations) {
            assert.deepStrictEqual(events, [expected]);
            assert.deepStrictEqual(frames, [expected]);
          }
        }
      });
    });

    it('refuses every code that may not be sent', async (t) => {
      const connect = await start(t, role);

      await inParallel(INVALID, async (code) => {
        const conversation = await connect();

        conversation.send(CLOSE, closePayload(code));
        await conversation.over();

        const { errors, events, frames } = conversation;
        assert.deepStrictEqual(events, [
          'error WS_ERR_INVALID_CLOSE_CODE',
          'close 1006'
        ]);
        assert.strictEqual(
          errors[0].message,
          `${P}invalid status code ${code}`
        );
        assert.deepStrictEqual(frames, ['close 1002']);
      });
    });

    it('refuses a code cut into single bytes, with a reason', async (t) => {
      const connect = await start(t, role);

      for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000]) {
        const conversations = await converse(connect, (peer) => [
          peer.frame(CLOSE, closePayload(code, 'why'))
        ]);

        for (const { events } of conversations) {
          assert.deepStrictEqual(events, [
            'error WS_ERR_INVALID_CLOSE_CODE',
            'close 1006'
          ]);
        }
      }
    });

    it('takes a reason of 123 bytes and echoes it', async (t) => {
      assert.strictEqual(Buffer.byteLength(REASON), 123);

      const connect = await start(t, role);
      const conversations = await converse(connect, (peer) => [
        peer.frame(CLOSE, closePayload(1000, REASON))
      ]);

      for (const { events, frames, rawFrames } of conversations) {
        assert.deepStrictEqual(events, frames);
        assert.deepStrictEqual(
          rawFrames[0].payload,
          closePayload(1000, REASON)
        );
      }
    });

    it('refuses a reason that is not UTF-8', async (t) => {
      const connect = await start(t, role);

      for (const reason of ['ff', 'c3', '61c0af', 'eda080', 'f4908080']) {
        const conversations = await converse(connect, (peer) => [
          peer.frame(CLOSE, closePayload(1000, Buffer.from(reason, 'hex')))
        ]);

        for (const { errors, events, frames } of conversations) {
          assert.deepStrictEqual(events, [
            'error WS_ERR_INVALID_UTF8',
            'close 1006'
          ]);
          assert.strictEqual(errors[0].message, `${P}invalid UTF-8 sequence`);
          assert.deepStrictEqual(frames, ['close 1007']);
        }
      }
    });

    it('ignores everything behind a close frame', async (t) => {
      const connect = await start(t, role);
      const conversations = await converse(connect, (peer) => [
        peer.frame(CLOSE, closePayload(1000, 'bye')),
        peer.frame(TEXT, 'late'),
        peer.frame(PING, 'late'),
        peer.frame(CLOSE, closePayload(1001)),
        peer.frame(3, 'not even a frame', { rsv: 7 }),
        Buffer.alloc(300, 0xff)
      ]);

      for (const { events, frames } of conversations) {
        assert.deepStrictEqual(events, ['close 1000 bye']);
        assert.deepStrictEqual(frames, ['close 1000 bye']);
      }
    });

    it('delivers what came before a close frame first', async (t) => {
      const connect = await start(t, role);
      const conversations = await converse(connect, (peer) => [
        peer.frame(TEXT, 'one'),
        peer.frame(BINARY, 'two'),
        peer.frame(PING),
        peer.frame(CLOSE)
      ]);

      for (const { events, frames } of conversations) {
        assert.deepStrictEqual(events, [
          'text one',
          'binary 74776f',
          'ping',
          'close 1005'
        ]);
        assert.deepStrictEqual(frames, ['pong', 'close']);
      }
    });

    it('sends the code and the reason of close()', async (t) => {
      const connect = await start(t, role);

      await inParallel(
        [[], [1000], [1001, ''], [3000, REASON], [4999, Buffer.from('b')]],
        async (args) => {
          const conversation = await connect();
          const { rawFrames, ws } = conversation;

          ws.close(...args);
          assert.strictEqual(ws.readyState, ws.CLOSING);
          await conversation.received(1);
          conversation.send(CLOSE, rawFrames[0].payload);
          await conversation.over();

          assert.strictEqual(rawFrames.length, 1);
          assert.deepStrictEqual(
            rawFrames[0].payload,
            args.length > 0 ? closePayload(...args) : Buffer.alloc(0)
          );
        }
      );
    });

    it('reports the answer of the peer to its own close frame', async (t) => {
      for (const [answer, expected] of [
        [closePayload(1000, 'yours'), 'close 1000 yours'],
        [closePayload(4000), 'close 4000'],
        [Buffer.alloc(0), 'close 1005']
      ]) {
        const connect = await start(t, role);
        const conversation = await connect();
        const { socket, ws } = conversation;

        // This peer answers before it ends its side.
        socket.end = () => {
          delete socket.end;
          conversation.send(CLOSE, answer);
          socket.end();
        };
        ws.close(1001, 'mine');
        await conversation.over();

        assert.deepStrictEqual(conversation.frames, ['close 1001 mine']);
        assert.deepStrictEqual(conversation.events, [expected]);
      }
    });

    it('hears messages until the peer has answered', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();

      conversation.socket.end = () => {
        delete conversation.socket.end;
        conversation.send(TEXT, 'one more');
        conversation.send(PING, 'anybody?');
        conversation.send(CLOSE, closePayload(1000));
        conversation.socket.end();
      };
      conversation.ws.close(1000);
      await conversation.over();

      assert.deepStrictEqual(conversation.frames, ['close 1000']);
      assert.deepStrictEqual(conversation.events, [
        'text one more',
        'ping 616e79626f64793f',
        'close 1000'
      ]);
    });

    it('sends one close frame when both sides begin at once', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();

      conversation.send(CLOSE, closePayload(4001, 'peer'));
      conversation.ws.close(4002, 'self');
      await conversation.over();

      assert.deepStrictEqual(conversation.frames, ['close 4002 self']);
      assert.deepStrictEqual(conversation.events, ['close 4001 peer']);
    });

    it('sends everything before its close frame, nothing after', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();
      const { ws } = conversation;
      const refused = [];

      ws.send('before');
      ws.close(1000);
      ws.close(1001);
      ws.send('after', (err) => refused.push(err.message));
      ws.ping('after', undefined, (err) => refused.push(err.message));
      await conversation.over();

      assert.deepStrictEqual(conversation.frames, [
        'text 6265666f7265',
        'close 1000'
      ]);
      assert.deepStrictEqual(refused, [
        'WebSocket is not open: readyState 2 (CLOSING)',
        'WebSocket is not open: readyState 2 (CLOSING)'
      ]);
    });

    it('closes with 1006 when the peer just ends', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();

      conversation.send(TEXT, 'last words');
      conversation.socket.end();
      await conversation.over();

      assert.deepStrictEqual(conversation.events, [
        'text last words',
        'close 1006'
      ]);
    });

    it('closes with 1006 when the connection is reset', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();
      const over = once(conversation.ws, 'close');

      conversation.socket.resetAndDestroy();
      const [code, reason] = await over;

      assert.strictEqual(code, 1006);
      assert.strictEqual(reason.length, 0);
      assert.deepStrictEqual(conversation.errors, []);
    });

    it('tells a clean close from one that is not', async (t) => {
      const connect = await start(t, role);

      for (const [end, expected] of [
        [(peer) => peer.send(CLOSE, closePayload(3000, 'ok')), true],
        [(peer) => peer.socket.end(), false],
        [(peer) => peer.send(CLOSE, closePayload(999)), false]
      ]) {
        const conversation = await connect();
        const event = new Promise((resolve) => {
          conversation.ws.onclose = resolve;
        });

        end(conversation);
        await conversation.over();

        const { code, reason, wasClean } = await event;
        assert.strictEqual(wasClean, expected);
        assert.deepStrictEqual(
          [code, reason],
          expected ? [3000, 'ok'] : [1006, '']
        );
      }
    });

    it('refuses to send codes and reasons that are not allowed', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();
      const { ws } = conversation;

      for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 'x']) {
        assert.throws(() => ws.close(code), {
          name: 'TypeError',
          message: 'First argument must be a valid error code number'
        });
      }
      assert.throws(() => ws.close(1000, `${REASON}!`), {
        name: 'RangeError',
        message: 'The message must not be greater than 123 bytes'
      });
      assert.strictEqual(ws.readyState, ws.OPEN);

      ws.close(1000, REASON);
      await conversation.over();
      assert.strictEqual(conversation.frames.length, 1);
    });
  });
}

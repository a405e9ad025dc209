'use strict';

// RFC 6455, section 5.5: control frames; 5.5.2 and 5.5.3: ping and pong.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { converse, hex, ROLES, start } = require('../support/conversation');
const {
  CLOSE,
  closePayload,
  CONTINUATION,
  PING,
  PONG,
  TEXT
} = require('../support/frames');

const P = 'Invalid WebSocket frame: ';

function goodbye(peer) {
  return peer.frame(CLOSE, closePayload(1000));
}

for (const role of ROLES) {
  describe(`RFC 6455, 5.5, control frames, as a ${role}`, () => {
    it('answers a ping of every length with the same payload', async (t) => {
      const connect = await start(t, role, { maxPendingAutoPongs: 0 });
      const payloads = Array.from({ length: 126 }, (_, i) =>
        Buffer.alloc(i, i + 1)
      );
      const conversations = await converse(connect, (peer) => [
        ...payloads.map((payload) => peer.frame(PING, payload)),
        goodbye(peer)
      ]);
      const all = (name) =>
        payloads.map((payload) => `${name} ${hex(payload)}`.trimEnd());

      for (const { events, frames } of conversations) {
        assert.deepStrictEqual(events, [...all('ping'), 'close 1000']);
        assert.deepStrictEqual(frames, [...all('pong'), 'close 1000']);
      }
    });

    it('answers no pong', async (t) => {
      const connect = await start(t, role);
      const conversations = await converse(connect, (peer) => [
        peer.frame(PONG, 'unasked'),
        peer.frame(PONG),
        peer.frame(PONG, Buffer.alloc(125, 0xff)),
        goodbye(peer)
      ]);

      for (const { events, frames } of conversations) {
        assert.deepStrictEqual(events, [
          'pong 756e61736b6564',
          'pong',
          `pong ${hex(Buffer.alloc(125, 0xff))}`,
          'close 1000'
        ]);
        assert.deepStrictEqual(frames, ['close 1000']);
      }
    });

    it('takes bytes that are not UTF-8 in a ping', async (t) => {
      const connect = await start(t, role);
      const conversations = await converse(connect, (peer) => [
        peer.frame(PING, Buffer.from('fffe00c0', 'hex')),
        goodbye(peer)
      ]);

      for (const { events, frames } of conversations) {
        assert.deepStrictEqual(events, ['ping fffe00c0', 'close 1000']);
        assert.deepStrictEqual(frames, ['pong fffe00c0', 'close 1000']);
      }
    });

    it('refuses control frames of 126 bytes and more', async (t) => {
      const connect = await start(t, role);

      for (const opcode of [CLOSE, PING, PONG]) {
        for (const [length, seen] of [
          [126, 126],
          [65535, 126],
          [65536, 127]
        ]) {
          const conversations = await converse(connect, (peer) => [
            peer.frame(opcode, '', { length })
          ]);

          for (const { errors, events, frames } of conversations) {
            assert.deepStrictEqual(events, [
              'error WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
              'close 1006'
            ]);
            assert.strictEqual(
              errors[0].message,
              `${P}invalid payload length ${seen}`
            );
            assert.deepStrictEqual(frames, ['close 1002']);
          }
        }
      }
    });

    it('refuses fragmented control frames', async (t) => {
      const connect = await start(t, role);

      for (const opcode of [CLOSE, PING, PONG]) {
        const conversations = await converse(connect, (peer) => [
          peer.frame(opcode, '', { fin: false }),
          peer.frame(CONTINUATION)
        ]);

        for (const { errors, events, frames } of conversations) {
          assert.deepStrictEqual(events, [
            'error WS_ERR_EXPECTED_FIN',
            'close 1006'
          ]);
          assert.strictEqual(errors[0].message, `${P}FIN must be set`);
          assert.deepStrictEqual(frames, ['close 1002']);
        }
      }
    });

    it('refuses RSV1 on control frames with an extension too', async (t) => {
      const extension = 'permessage-deflate';
      const options = { perMessageDeflate: true };
      const connect = await start(t, role, options, extension);

      for (const opcode of [CLOSE, PING, PONG]) {
        const conversations = await converse(connect, (peer) => [
          peer.frame(opcode, '', { rsv: 4 })
        ]);

        for (const { events, frames } of conversations) {
          assert.deepStrictEqual(events, [
            'error WS_ERR_UNEXPECTED_RSV_1',
            'close 1006'
          ]);
          assert.deepStrictEqual(frames, ['close 1002']);
        }
      }
    });

    it('answers thousands of pings, each in its turn', async (t) => {
      const connect = await start(t, role, { maxPendingAutoPongs: 0 });
      const count = 5000;
      const conversation = await connect();
      const pings = Array.from({ length: count }, (_, i) =>
        conversation.frame(PING, String(i))
      );

      conversation.write(Buffer.concat([...pings, goodbye(conversation)]));
      await conversation.over();

      assert.deepStrictEqual(
        conversation.rawFrames.map(({ payload }) => String(payload)),
        [...pings.keys()].map(String).concat('\u0003\ufffd')
      );
      assert.strictEqual(conversation.events.length, count + 1);
    });

    it('gives up a peer that pings faster than pongs are sent', async (t) => {
      const connect = await start(t, role, { maxPendingAutoPongs: 5 });
      const conversation = await connect();
      const pings = Array.from({ length: 20 }, () => conversation.frame(PING));

      conversation.write(Buffer.concat(pings));
      await conversation.over();

      assert.deepStrictEqual(conversation.errors, []);
      assert.strictEqual(conversation.events.at(-1), 'close 1006');
      assert.ok(conversation.rawFrames.length <= 5);
    });

    it('answers no ping with autoPong set to false', async (t) => {
      const connect = await start(t, role, { autoPong: false });
      const conversations = await converse(connect, (peer) => [
        peer.frame(PING, 'x'),
        goodbye(peer)
      ]);

      for (const { events, frames } of conversations) {
        assert.deepStrictEqual(events, ['ping 78', 'close 1000']);
        assert.deepStrictEqual(frames, ['close 1000']);
      }
    });

    it('sends pings and pongs of up to 125 bytes', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();
      const { ws } = conversation;
      const longest = Buffer.alloc(125, 0xab);

      for (const name of ['ping', 'pong']) {
        ws[name]();
        ws[name]('text');
        ws[name](longest);
        assert.throws(() => ws[name](Buffer.alloc(126)), {
          name: 'RangeError',
          message: 'The data size must not be greater than 125 bytes'
        });
      }
      ws.close(1000);
      await conversation.over();

      assert.deepStrictEqual(conversation.frames, [
        'ping',
        'ping 74657874',
        `ping ${hex(longest)}`,
        'pong',
        'pong 74657874',
        `pong ${hex(longest)}`,
        'close 1000'
      ]);
    });

    it('hears a pong to its ping in the middle of a message', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();
      const { ws } = conversation;

      conversation.send(TEXT, 'one ', { fin: false });
      ws.ping('are you there');
      const [{ payload }] = await conversation.received(1);
      const ponged = once(ws, 'pong');
      conversation.send(PONG, payload);
      await ponged;
      conversation.send(CONTINUATION, 'two');
      conversation.send(CLOSE, closePayload(1000));
      await conversation.over();

      assert.deepStrictEqual(conversation.events, [
        `pong ${Buffer.from('are you there').toString('hex')}`,
        'text one two',
        'close 1000'
      ]);
    });
  });
}

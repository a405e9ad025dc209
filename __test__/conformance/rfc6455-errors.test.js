'use strict';

// RFC 6455, section 7.1.7, Fail the WebSocket Connection: what the program and
// the peer are told. One row for each `WS_ERR_*` code and message.

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');

const { converse, ROLES, start } = require('../support/conversation');
const {
  BINARY,
  CLOSE,
  closePayload,
  CONTINUATION,
  frame,
  MASK,
  PING,
  TEXT
} = require('../support/frames');

const P = 'Invalid WebSocket frame: ';
const PLAIN = Buffer.from('plain');
const DEFLATE = 'permessage-deflate';

const ROWS = [
  {
    code: 'WS_ERR_EXPECTED_FIN',
    message: `${P}FIN must be set`,
    closeCode: 1002,
    compose: (peer) => [peer.frame(PING, '', { fin: false })]
  },
  {
    only: 'server',
    code: 'WS_ERR_EXPECTED_MASK',
    message: `${P}MASK must be set`,
    closeCode: 1002,
    compose: () => [frame(TEXT, PLAIN)]
  },
  {
    only: 'client',
    code: 'WS_ERR_UNEXPECTED_MASK',
    message: `${P}MASK must be clear`,
    closeCode: 1002,
    compose: () => [frame(TEXT, PLAIN, { mask: MASK })]
  },
  {
    code: 'WS_ERR_UNEXPECTED_RSV_1',
    message: `${P}RSV1 must be clear`,
    closeCode: 1002,
    compose: (peer) => [peer.frame(TEXT, PLAIN, { rsv: 4 })]
  },
  {
    code: 'WS_ERR_UNEXPECTED_RSV_2_3',
    message: `${P}RSV2 and RSV3 must be clear`,
    closeCode: 1002,
    compose: (peer) => [peer.frame(TEXT, PLAIN, { rsv: 1 })]
  },
  {
    code: 'WS_ERR_INVALID_OPCODE',
    message: `${P}invalid opcode 11`,
    closeCode: 1002,
    compose: (peer) => [peer.frame(11, PLAIN)]
  },
  {
    code: 'WS_ERR_INVALID_OPCODE',
    message: `${P}invalid opcode 0`,
    closeCode: 1002,
    compose: (peer) => [peer.frame(CONTINUATION, PLAIN)]
  },
  {
    code: 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
    message: `${P}invalid payload length 126`,
    closeCode: 1002,
    compose: (peer) => [peer.frame(PING, Buffer.alloc(126))]
  },
  {
    code: 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
    message: `${P}invalid payload length 1`,
    closeCode: 1002,
    compose: (peer) => [peer.frame(CLOSE, '\x03')]
  },
  {
    code: 'WS_ERR_INVALID_CLOSE_CODE',
    message: `${P}invalid status code 1006`,
    closeCode: 1002,
    compose: (peer) => [peer.frame(CLOSE, closePayload(1006))]
  },
  {
    Class: Error,
    code: 'WS_ERR_INVALID_UTF8',
    message: `${P}invalid UTF-8 sequence`,
    closeCode: 1007,
    compose: (peer) => [peer.frame(TEXT, Buffer.of(0xff))]
  },
  {
    code: 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    message: 'Unsupported WebSocket frame: payload length > 2^53 - 1',
    closeCode: 1009,
    compose: (peer) => [peer.frame(BINARY, '', { length: 2n ** 53n })]
  },
  {
    options: { maxPayload: 4 },
    code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    message: 'Max payload size exceeded',
    closeCode: 1009,
    compose: (peer) => [peer.frame(BINARY, PLAIN)]
  },
  {
    options: { maxFragments: 1 },
    code: 'WS_ERR_TOO_MANY_BUFFERED_PARTS',
    message: 'Too many message fragments',
    closeCode: 1008,
    compose: (peer) => [
      peer.frame(TEXT, PLAIN, { fin: false }),
      peer.frame(CONTINUATION, PLAIN)
    ]
  },
  {
    Class: Error,
    options: { perMessageDeflate: true },
    code: 'Z_DATA_ERROR',
    message: 'invalid block type',
    closeCode: 1007,
    errno: -3,
    compose: (peer) => [peer.frame(TEXT, Buffer.of(0x07), { rsv: 4 })]
  }
];

for (const role of ROLES) {
  describe(`RFC 6455, 7.1.7, failing the connection, as a ${role}`, () => {
    for (const row of ROWS.filter(({ only = role }) => only === role)) {
      const { closeCode, code, compose, message, options } = row;

      it(`reports ${code}: ${message}`, async (t) => {
        const extensions = options?.perMessageDeflate ? DEFLATE : null;
        const connect = await start(t, role, options, extensions);
        const conversations = await converse(connect, compose);

        for (const { errors, events, frames } of conversations) {
          const [error] = errors;

          assert.deepStrictEqual(events, [`error ${code}`, 'close 1006']);
          assert.strictEqual(error.constructor, row.Class ?? RangeError);
          assert.strictEqual(error.code, code);
          assert.strictEqual(error.message, message);
          assert.strictEqual(error.errno, row.errno);
          assert.match(error.stack, /^(Range)?Error.*: /);
          assert.deepStrictEqual(frames, [`close ${closeCode}`]);
        }
      });
    }

    it('reports a frame that comes in too many pieces', async (t) => {
      const connect = await start(t, role, { maxBufferedChunks: 4 });
      const conversation = await connect();
      const bytes = conversation.frame(BINARY, Buffer.alloc(1000));

      for (const byte of bytes) {
        if (conversation.errors.length > 0) break;
        conversation.write(Buffer.of(byte));
        await turn();
      }
      await conversation.over();

      const [error] = conversation.errors;
      assert.ok(error instanceof RangeError);
      assert.strictEqual(error.code, 'WS_ERR_TOO_MANY_BUFFERED_PARTS');
      assert.strictEqual(error.message, 'Too many buffered chunks');
      assert.deepStrictEqual(conversation.frames, ['close 1008']);
    });

    it('delivers what came before the mistake, and nothing after', async (t) => {
      const connect = await start(t, role);
      const conversations = await converse(connect, (peer) => [
        peer.frame(TEXT, 'before'),
        peer.frame(PING, '!'),
        peer.frame(15, 'wrong'),
        peer.frame(TEXT, 'after'),
        peer.frame(15, 'wrong again'),
        peer.frame(CLOSE, closePayload(1000))
      ]);

      for (const { events, frames } of conversations) {
        assert.deepStrictEqual(events, [
          'text before',
          'ping 21',
          'error WS_ERR_INVALID_OPCODE',
          'close 1006'
        ]);
        assert.deepStrictEqual(frames, ['pong 21', 'close 1002']);
      }
    });

    it('is not open any more when it reports a mistake', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();
      const { ws } = conversation;
      const states = [];

      ws.on('error', () => states.push(ws.readyState));
      ws.on('close', () => states.push(ws.readyState));
      conversation.send(15);
      await conversation.over();

      assert.deepStrictEqual(states, [ws.CLOSING, ws.CLOSED]);
    });
  });
}

'use strict';

// RFC 6455, section 5.2: the base framing protocol.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const {
  converse,
  hex,
  line,
  ROLES,
  start
} = require('../support/conversation');
const {
  BINARY,
  CLOSE,
  closePayload,
  PING,
  PONG,
  TEXT
} = require('../support/frames');

const P = 'Invalid WebSocket frame: ';
const MEBIBYTE = 2 ** 20;

const LENGTHS = [0, 1, 124, 125, 126, 127, 128, 65535, 65536, 65537, MEBIBYTE];
/** How many bytes the extended payload length of each has to have. */
const LENGTH_BYTES = [0, 0, 0, 0, 2, 2, 2, 2, 8, 8, 8];

const NORMAL_CLOSE = closePayload(1000);

/** Bytes that are different wherever a cut or a shift could go unnoticed. */
function bytesOf(length) {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 31 + 7) >> (i & 3)));
}

function inWords(bytes) {
  return line('binary', hex(bytes));
}

async function assertRefused(connect, compose, code, message, closeCode) {
  for (const { errors, events, frames } of await converse(connect, compose)) {
    assert.deepStrictEqual(events, [`error ${code}`, 'close 1006']);
    assert.strictEqual(errors[0].message, message);
    assert.deepStrictEqual(frames, [`close ${closeCode}`]);
  }
}

for (const role of ROLES) {
  describe(`RFC 6455, 5.2, base framing, as a ${role}`, () => {
    it('takes each opcode that is defined for what it is', async (t) => {
      const connect = await start(t, role);
      const conversations = await converse(connect, (peer) => [
        peer.frame(TEXT, 'Hello'),
        peer.frame(BINARY, 'Hello'),
        peer.frame(PING, 'Hello'),
        peer.frame(PONG, 'Hello'),
        peer.frame(CLOSE, NORMAL_CLOSE)
      ]);

      for (const { events, frames } of conversations) {
        assert.deepStrictEqual(events, [
          'text Hello',
          'binary 48656c6c6f',
          'ping 48656c6c6f',
          'pong 48656c6c6f',
          'close 1000'
        ]);
        assert.deepStrictEqual(frames, ['pong 48656c6c6f', 'close 1000']);
      }
    });

    it('refuses each opcode that is reserved', async (t) => {
      const connect = await start(t, role);

      for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
        for (const fin of [true, false]) {
          await assertRefused(
            connect,
            (peer) => [peer.frame(opcode, 'x', { fin })],
            'WS_ERR_INVALID_OPCODE',
            `${P}invalid opcode ${opcode}`,
            1002
          );
        }
      }
    });

    it('refuses RSV2 and RSV3 on every opcode', async (t) => {
      const connect = await start(t, role);

      for (let opcode = 0; opcode < 16; opcode++) {
        for (const rsv of [1, 2, 3, 5, 6, 7]) {
          await assertRefused(
            connect,
            (peer) => [peer.frame(opcode, '', { rsv })],
            'WS_ERR_UNEXPECTED_RSV_2_3',
            `${P}RSV2 and RSV3 must be clear`,
            1002
          );
        }
      }
    });

    it('refuses RSV1 on every opcode without an extension', async (t) => {
      const connect = await start(t, role);

      for (let opcode = 0; opcode < 16; opcode++) {
        await assertRefused(
          connect,
          (peer) => [peer.frame(opcode, '', { rsv: 4 })],
          'WS_ERR_UNEXPECTED_RSV_1',
          `${P}RSV1 must be clear`,
          1002
        );
      }
    });

    it('tells of a bad first byte before the rest of the frame', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();

      // Both the opcode and the mask bit are wrong, and the payload is absent.
      conversation.write(Buffer.from([0x83, role === 'server' ? 5 : 0x85]));
      await conversation.over();

      assert.deepStrictEqual(conversation.events, [
        'error WS_ERR_INVALID_OPCODE',
        'close 1006'
      ]);
    });

    it('reads payloads at every boundary of the length forms', async (t) => {
      const connect = await start(t, role);
      const expected = LENGTHS.map((length) => inWords(bytesOf(length)));
      const conversations = await converse(connect, (peer) => [
        ...LENGTHS.map((length) => peer.frame(BINARY, bytesOf(length))),
        peer.frame(CLOSE, NORMAL_CLOSE)
      ]);

      for (const { events } of conversations) {
        assert.deepStrictEqual(events, [...expected, 'close 1000']);
      }
    });

    it('reads each of them byte by byte up to its last byte', async (t) => {
      const connect = await start(t, role);

      for (const length of LENGTHS) {
        const conversations = await converse(connect, (peer) => [
          peer.frame(BINARY, bytesOf(length)),
          peer.frame(CLOSE, NORMAL_CLOSE)
        ]);

        for (const { events } of conversations) {
          assert.deepStrictEqual(events, [
            inWords(bytesOf(length)),
            'close 1000'
          ]);
        }
      }
    });

    it('writes each length in the fewest bytes', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();

      for (const length of LENGTHS) conversation.ws.send(bytesOf(length));
      conversation.ws.close(1000);
      await conversation.over();

      const frames = conversation.rawFrames.slice(0, -1);

      assert.deepStrictEqual(
        frames.map(({ fin, opcode, rsv }) => [fin, opcode, rsv]),
        LENGTHS.map(() => [true, BINARY, 0])
      );
      assert.deepStrictEqual(
        frames.map(({ lengthBytes }) => lengthBytes),
        LENGTH_BYTES
      );
      assert.deepStrictEqual(
        frames.map(({ payload }) => hex(payload)),
        LENGTHS.map((length) => hex(bytesOf(length)))
      );
    });

    it('takes lengths that are written in more bytes than needed', async (t) => {
      const connect = await start(t, role);
      const wide = [
        [0, 2],
        [0, 8],
        [5, 2],
        [125, 8],
        [126, 8],
        [65535, 8]
      ];
      const conversations = await converse(connect, (peer) => [
        ...wide.map(([length, lengthBytes]) =>
          peer.frame(BINARY, bytesOf(length), { lengthBytes })
        ),
        peer.frame(CLOSE, NORMAL_CLOSE)
      ]);

      for (const { events } of conversations) {
        assert.deepStrictEqual(events, [
          ...wide.map(([length]) => inWords(bytesOf(length))),
          'close 1000'
        ]);
      }
    });

    it('refuses lengths of 2^53 and above', async (t) => {
      const connect = await start(t, role, { maxPayload: 0 });

      for (const length of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n]) {
        await assertRefused(
          connect,
          (peer) => [
            peer.frame(BINARY, '', {
              length: length === 2n ** 64n ? length - 1n : length,
              lengthBytes: 8
            })
          ],
          'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
          'Unsupported WebSocket frame: payload length > 2^53 - 1',
          1009
        );
      }
    });

    it('waits for 2^53 - 1 bytes without taking memory for them', async (t) => {
      const connect = await start(t, role, { maxPayload: 0 });
      const conversation = await connect();
      const length = 2n ** 53n - 1n;

      conversation.write(
        conversation.frame(BINARY, 'the first few', { length })
      );
      conversation.socket.end();
      await conversation.over();

      assert.deepStrictEqual(conversation.events, ['close 1006']);
    });

    it('refuses a length above maxPayload before the payload', async (t) => {
      const connect = await start(t, role, { maxPayload: 1000 });

      for (const [opcode, length] of [
        [TEXT, 1001],
        [BINARY, 65536],
        [BINARY, 2n ** 53n - 1n]
      ]) {
        await assertRefused(
          connect,
          (peer) => [peer.frame(opcode, '', { length })],
          'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
          'Max payload size exceeded',
          1009
        );
      }
    });

    it('takes a payload of exactly maxPayload', async (t) => {
      const connect = await start(t, role, { maxPayload: 1000 });
      const conversations = await converse(connect, (peer) => [
        peer.frame(BINARY, bytesOf(1000)),
        peer.frame(CLOSE, NORMAL_CLOSE)
      ]);

      for (const { events } of conversations) {
        assert.deepStrictEqual(events, [inWords(bytesOf(1000)), 'close 1000']);
      }
    });

    it('ends with 1006 when a frame is cut off anywhere', async (t) => {
      const connect = await start(t, role);
      const probe = await connect();
      const bytes = probe.frame(BINARY, bytesOf(126));

      probe.send(CLOSE, NORMAL_CLOSE);
      await probe.over();

      for (let end = 1; end < 12; end++) {
        const conversation = await connect();

        conversation.socket.end(bytes.subarray(0, end));
        await conversation.over();

        assert.deepStrictEqual(conversation.events, ['close 1006']);
        assert.deepStrictEqual(conversation.frames, []);
      }
    });
  });
}

'use strict';

// RFC 6455, sections 5.1 and 5.3: who masks, and how.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { converse, ROLES, start } = require('../support/conversation');
const {
  BINARY,
  CLOSE,
  closePayload,
  CONTINUATION,
  frame,
  MASK,
  PING,
  PONG,
  TEXT
} = require('../support/frames');

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';

const WRONG = {
  server: {
    code: 'WS_ERR_EXPECTED_MASK',
    mask: null,
    message: 'Invalid WebSocket frame: MASK must be set'
  },
  client: {
    code: 'WS_ERR_UNEXPECTED_MASK',
    mask: MASK,
    message: 'Invalid WebSocket frame: MASK must be clear'
  }
};

for (const role of ROLES) {
  const { code, mask, message } = WRONG[role];
  const wrongly = role === 'server' ? 'unmasked' : 'masked';

  describe(`RFC 6455, 5.3, masking, as a ${role}`, () => {
    it(`fails the connection at any ${wrongly} frame with 1002`, async (t) => {
      const connect = await start(t, role);

      for (const opcode of [TEXT, BINARY, CLOSE, PING, PONG]) {
        for (const payload of ['', 'hi']) {
          const conversations = await converse(connect, () => [
            frame(opcode, payload, { mask })
          ]);

          for (const { errors, events, frames } of conversations) {
            assert.deepStrictEqual(events, [`error ${code}`, 'close 1006']);
            assert.ok(errors[0] instanceof RangeError);
            assert.strictEqual(errors[0].message, message);
            assert.deepStrictEqual(frames, ['close 1002']);
          }
        }
      }
    });

    it(`refuses a ${wrongly} frame in the middle of a message`, async (t) => {
      const connect = await start(t, role);
      const conversations = await converse(connect, (peer) => [
        peer.frame(TEXT, 'first'),
        peer.frame(TEXT, 'second', { fin: false }),
        frame(CONTINUATION, 'third', { mask })
      ]);

      for (const { events, frames } of conversations) {
        assert.deepStrictEqual(events, [
          'text first',
          `error ${code}`,
          'close 1006'
        ]);
        assert.deepStrictEqual(frames, ['close 1002']);
      }
    });

    it(`refuses a ${wrongly} frame of any length at its header`, async (t) => {
      const connect = await start(t, role);

      for (const length of [125, 126, 65535, 65536, 2 ** 40]) {
        const conversations = await converse(connect, () => [
          frame(BINARY, '', { length, mask })
        ]);

        for (const { events } of conversations) {
          assert.deepStrictEqual(events, [`error ${code}`, 'close 1006']);
        }
      }
    });
  });
}

describe('RFC 6455, 5.3, masking keys', () => {
  it('unmasks with every kind of key, from every position', async (t) => {
    const connect = await start(t, 'server');
    const keys = ['00000000', 'ffffffff', '00000001', '80000000', '37fa213d'];
    const conversations = await converse(connect, () => [
      ...keys.flatMap((key) =>
        Array.from(ALPHABET, (_, end) =>
          frame(TEXT, ALPHABET.slice(0, end), { mask: Buffer.from(key, 'hex') })
        )
      ),
      frame(CLOSE, closePayload(1000), { mask: MASK })
    ]);
    const texts = Array.from(ALPHABET, (_, end) =>
      `text ${ALPHABET.slice(0, end)}`.trimEnd()
    );

    for (const { events } of conversations) {
      assert.deepStrictEqual(events, [
        ...keys.flatMap(() => texts),
        'close 1000'
      ]);
    }
  });

  it('unmasks a frame that is cut anywhere', async (t) => {
    const connect = await start(t, 'server');
    const bytes = frame(TEXT, ALPHABET, { mask: MASK });

    for (let first = 1; first < bytes.length; first++) {
      for (const second of [first + 1, first + 3, first + 8]) {
        const conversation = await connect();

        await conversation.writeEach([
          bytes.subarray(0, first),
          bytes.subarray(first, second),
          bytes.subarray(second),
          frame(CLOSE, '', { mask: MASK })
        ]);
        await conversation.over();

        assert.deepStrictEqual(conversation.events, [
          `text ${ALPHABET}`,
          'close 1005'
        ]);
      }
    }
  });

  it('masks each frame of a client with a key of its own', async (t) => {
    const connect = await start(t, 'client');
    const conversation = await connect();

    for (let i = 0; i < 64; i++) conversation.ws.send('the same');
    conversation.ws.ping('');
    conversation.ws.close();
    await conversation.over();

    const { rawFrames } = conversation;
    const keys = rawFrames.map(({ mask }) => mask.toString('hex'));

    assert.strictEqual(rawFrames.length, 66);
    assert.strictEqual(new Set(keys).size, keys.length);
  });

  it('does not change the bytes that are sent', async (t) => {
    const connect = await start(t, 'client');
    const conversation = await connect();
    const data = [Buffer.from('short'), Buffer.alloc(100_000, 'long')];
    const copies = data.map((bytes) => Buffer.from(bytes));

    for (const bytes of data) conversation.ws.send(bytes);
    conversation.ws.close(1000);
    await conversation.over();

    assert.deepStrictEqual(data, copies);
    assert.deepStrictEqual(
      conversation.rawFrames.slice(0, 2).map(({ payload }) => payload),
      copies
    );
  });

  it('takes the keys of generateMask', async (t) => {
    const connect = await start(t, 'client', {
      generateMask: (key) => key.set([1, 2, 3, 4])
    });
    const conversation = await connect();

    conversation.ws.send('masked');
    conversation.ws.ping('too');
    conversation.ws.close(1000);
    await conversation.over();

    assert.deepStrictEqual(conversation.frames, [
      'text 6d61736b6564',
      'ping 746f6f',
      'close 1000'
    ]);
    for (const { mask } of conversation.rawFrames) {
      assert.deepStrictEqual(mask, Buffer.from([1, 2, 3, 4]));
    }
  });
});

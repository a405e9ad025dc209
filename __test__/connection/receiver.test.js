'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { Writable } = require('node:stream');
const { describe, it } = require('node:test');

const PerMessageDeflate = require('../../lib/compression/permessage-deflate');
const Receiver = require('../../lib/connection/receiver');
const { EMPTY_BUFFER, kStatusCode } = require('../../lib/constants');
const { hex, record, tick } = require('../support/events');
const { collect } = require('../support/pairs');

/** The frame of the text "Hi", unmasked. */
const HI = hex('81 02 48 69');

/** "Hi" compressed by zlib (RFC 7692, section 7.2.3.1), as a text frame. */
const HI_COMPRESSED = hex('c1 04 f2 c8 04 00');

function inflating(options) {
  const pmd = new PerMessageDeflate({ ...options });

  pmd.accept([{}]);
  return { 'permessage-deflate': pmd };
}

describe('Writing to a receiver', () => {
  it('parses within the call', () => {
    const receiver = new Receiver();
    const events = record(receiver);

    receiver.write(HI);
    assert.deepStrictEqual(events, [['message', 'Hi', false]]);
  });

  it('hands out everything that one chunk holds, in order', () => {
    const receiver = new Receiver();
    const events = record(receiver);

    receiver.write(hex('81 01 61  89 01 62  82 01 63  8a 01 64'));
    assert.deepStrictEqual(events, [
      ['message', 'a', false],
      ['ping', 'b'],
      ['message', 'c', true],
      ['pong', 'd']
    ]);
  });

  it('takes a message one byte at a time', () => {
    const receiver = new Receiver({ isServer: true });
    const events = record(receiver);

    // RFC 6455, section 5.7: "Hello", masked.
    for (const byte of hex('81 85 37 fa 21 3d 7f 9f 4d 51 58')) {
      receiver.write(Buffer.of(byte));
    }

    assert.deepStrictEqual(events, [['message', 'Hello', false]]);
  });

  it('assembles fragments, with a ping between them', () => {
    const receiver = new Receiver();
    const events = record(receiver);

    receiver.write(hex('01 03 48 65 6c'));
    assert.strictEqual(receiver._totalPayloadLength, 3);
    receiver.write(hex('89 00'));
    assert.strictEqual(receiver._totalPayloadLength, 3);
    receiver.write(hex('80 02 6c 6f'));
    assert.strictEqual(receiver._totalPayloadLength, 0);
    assert.deepStrictEqual(events, [
      ['ping', ''],
      ['message', 'Hello', false]
    ]);
  });

  it('says how many bytes wait for the rest of their frame', () => {
    const receiver = new Receiver();

    receiver.write(hex('82 05 61'));
    assert.ok(receiver._bufferedBytes > 0);
    receiver.write(hex('62 63 64 65'));
    assert.strictEqual(receiver._bufferedBytes, 0);
  });

  it('calls back when the chunk is used up', async () => {
    const receiver = new Receiver();

    await new Promise((resolve, reject) => {
      receiver.write(HI, (err) => (err ? reject(err) : resolve()));
    });
  });

  it('accepts what is piped into it', async () => {
    const receiver = new Receiver();
    const message = once(receiver, 'message');

    assert.ok(receiver instanceof Writable);
    receiver.end(HI);
    assert.deepStrictEqual(await message, [Buffer.from('Hi'), false]);
    await once(receiver, 'close');
  });
});

describe('Empty payloads', () => {
  it('are the one empty buffer', () => {
    const receiver = new Receiver();
    const payloads = [];

    receiver.on('message', (data) => payloads.push(data));
    receiver.on('ping', (data) => payloads.push(data));
    receiver.on('conclude', (code, reason) => payloads.push(reason));
    receiver.write(hex('81 00  82 00  01 00 80 00  89 00  88 00'));

    assert.strictEqual(payloads.length, 5);
    for (const data of payloads) assert.strictEqual(data, EMPTY_BUFFER);
  });

  it('do not overflow the stack, however many there are', () => {
    const receiver = new Receiver();
    let count = 0;

    receiver.on('message', () => count++);
    receiver.write(Buffer.alloc(200_000, hex('82 00')));
    assert.strictEqual(count, 100_000);
  });
});

describe('The binary type', () => {
  const SPLIT = hex('02 02 61 62  00 00  80 01 63');

  async function receive(binaryType, bytes = SPLIT) {
    const receiver = new Receiver({ binaryType });
    const message = once(receiver, 'message');

    receiver.write(Buffer.from(bytes));
    return (await message)[0];
  }

  it('is a buffer of the whole message by default', async () => {
    assert.deepStrictEqual(await receive(undefined), Buffer.from('abc'));
  });

  it('can be an ArrayBuffer of exactly the message', async () => {
    const data = await receive('arraybuffer');

    assert.ok(data instanceof ArrayBuffer);
    assert.deepStrictEqual(Buffer.from(data), Buffer.from('abc'));
  });

  it('can be the fragments that are not empty', async () => {
    assert.deepStrictEqual(await receive('fragments'), [
      Buffer.from('ab'),
      Buffer.from('c')
    ]);
    assert.deepStrictEqual(await receive('fragments', hex('82 00')), []);
  });

  it('can be a Blob', async () => {
    const data = await receive('blob');

    assert.ok(data instanceof Blob);
    assert.strictEqual(await data.text(), 'abc');
  });

  it('acts from the next message on if a listener changes it', () => {
    const receiver = new Receiver();
    const types = [];

    receiver.on('message', (data) => {
      types.push(data.constructor);
      receiver._binaryType = 'arraybuffer';
    });
    receiver.write(hex('82 01 61  82 01 62'));
    assert.deepStrictEqual(types, [Buffer, ArrayBuffer]);
  });

  it('does not touch text', async () => {
    const data = await receive('arraybuffer', HI);

    assert.deepStrictEqual(data, Buffer.from('Hi'));
  });
});

describe('A close frame', () => {
  it('concludes, finishes the stream, and ends what is read', async () => {
    const receiver = new Receiver();
    const events = record(receiver);

    receiver.write(hex('88 04 03 e8 6f 6b  81 02 48 69'));
    await once(receiver, 'close');
    assert.deepStrictEqual(events, [
      ['conclude', 1000, 'ok'],
      ['finish'],
      ['close']
    ]);
  });

  it('without a code is 1005', () => {
    const receiver = new Receiver();
    const events = record(receiver);

    receiver.write(hex('88 00'));
    assert.deepStrictEqual(events, [['conclude', 1005, '']]);
  });
});

describe('A protocol violation', () => {
  async function violate(bytes, options) {
    const receiver = new Receiver(options);
    const events = record(receiver);
    const failed = once(receiver, 'error').catch((err) => [err]);
    let calls = 0;

    receiver.write(bytes, () => calls++);
    // Writable reports errors in a later tick.
    assert.deepStrictEqual(events, []);

    const [error] = await failed;

    await tick();
    assert.strictEqual(calls, 1);
    assert.deepStrictEqual(events, [['error', error.code], ['close']]);
    return error;
  }

  for (const [bytes, code, closeCode, options] of [
    ['09 00', 'WS_ERR_EXPECTED_FIN', 1002],
    ['81 00', 'WS_ERR_EXPECTED_MASK', 1002, { isServer: true }],
    ['81 80 00 00 00 00', 'WS_ERR_UNEXPECTED_MASK', 1002],
    ['c1 00', 'WS_ERR_UNEXPECTED_RSV_1', 1002],
    ['a1 00', 'WS_ERR_UNEXPECTED_RSV_2_3', 1002],
    ['83 00', 'WS_ERR_INVALID_OPCODE', 1002],
    ['80 00', 'WS_ERR_INVALID_OPCODE', 1002],
    ['89 7e', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', 1002],
    ['88 01 00', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', 1002],
    ['88 02 03 ed', 'WS_ERR_INVALID_CLOSE_CODE', 1002],
    ['81 02 c3 28', 'WS_ERR_INVALID_UTF8', 1007],
    ['88 04 03 e8 c3 28', 'WS_ERR_INVALID_UTF8', 1007],
    [
      '82 7f 00 20 00 00 00 00 00 00',
      'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
      1009
    ],
    ['82 03', 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009, { maxPayload: 2 }],
    [
      '02 02 61 61 80 01',
      'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
      1009,
      { maxPayload: 2 }
    ],
    [
      '02 00 00 00 80 00',
      'WS_ERR_TOO_MANY_BUFFERED_PARTS',
      1008,
      { maxFragments: 2 }
    ]
  ]) {
    it(`in the bytes ${bytes} is the error ${code}`, async () => {
      const error = await violate(hex(bytes), options);

      assert.strictEqual(error.code, code);
      assert.strictEqual(error[kStatusCode], closeCode);
    });
  }

  it('comes after the messages in front of it', async () => {
    const receiver = new Receiver();
    const events = record(receiver);

    receiver.write(hex('81 01 61  83 00  81 01 62'));
    await tick();
    assert.deepStrictEqual(events, [
      ['message', 'a', false],
      ['error', 'WS_ERR_INVALID_OPCODE'],
      ['close']
    ]);
  });

  it('is a chunk more than may be held for one frame', async () => {
    const receiver = new Receiver({ maxBufferedChunks: 2 });
    const events = record(receiver);

    for (const byte of ['8205', '61', '62']) receiver.write(hex(byte));
    await tick();
    assert.deepStrictEqual(events, []);

    receiver.write(hex('63'));
    await tick();
    assert.deepStrictEqual(events[0], [
      'error',
      'WS_ERR_TOO_MANY_BUFFERED_PARTS'
    ]);
  });

  it('is not looked for in text if it shall not be validated', () => {
    const receiver = new Receiver({ skipUTF8Validation: true });
    const events = record(receiver);

    receiver.write(hex('81 02 c3 28'));
    assert.deepStrictEqual(events, [['message', '\xc3(', false]]);
  });

  it('follows limits that are changed on the way', async () => {
    const receiver = new Receiver();
    const events = record(receiver);

    receiver._skipUTF8Validation = true;
    receiver.write(hex('81 02 c3 28'));
    receiver._maxPayload = 1;
    assert.strictEqual(receiver._maxPayload, 1);
    receiver.write(HI);
    await tick();
    assert.deepStrictEqual(events.slice(0, 2), [
      ['message', '\xc3(', false],
      ['error', 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH']
    ]);
  });
});

describe('A compressed message', () => {
  it('is inflated later, and the chunk waits for it', async () => {
    const receiver = new Receiver({ extensions: inflating() });
    const events = record(receiver);
    let written = false;

    receiver.write(Buffer.concat([HI_COMPRESSED, HI]), () => (written = true));
    assert.deepStrictEqual(events, []);
    assert.strictEqual(receiver._state, 5);
    assert.strictEqual(receiver._compressed, true);
    assert.strictEqual(receiver._loop, false);
    assert.strictEqual(written, false);

    await collect(receiver, 'message', 2);
    assert.deepStrictEqual(events, [
      ['message', 'Hi', false],
      ['message', 'Hi', false]
    ]);
  });

  it('may not be longer than allowed when it is inflated', async () => {
    const receiver = new Receiver({
      extensions: inflating({ maxPayload: 1 }),
      maxPayload: 100
    });

    receiver.write(HI_COMPRESSED);
    await assert.rejects(once(receiver, 'message'), {
      code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
    });
  });

  it('fails as with zlib if it is no DEFLATE stream', async () => {
    const receiver = new Receiver({ extensions: inflating() });

    receiver.write(hex('c1 02 ff ff'));
    await assert.rejects(once(receiver, 'message'), {
      code: 'Z_DATA_ERROR',
      errno: -3
    });
  });
});

'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const zlib = require('node:zlib');

const { createDeflater } = require('../../lib/compression/deflater');
const { createInflater } = require('../../lib/compression/inflater');
const {
  deflate,
  HELLO,
  inflate,
  LARGE,
  memoryOf
} = require('../support/codecs');

describe('A deflater', () => {
  it('deflates small and large payloads, in one stream', async () => {
    const deflater = createDeflater(15);
    const inflater = createInflater(15);

    for (const data of [Buffer.from('Hello'), LARGE, Buffer.from('Hello')]) {
      const message = await deflate(deflater, data);

      assert.ok((await inflate(inflater, message)).equals(data));
    }

    deflater.free();
    inflater.free();
  });

  it('shows its level and chunk size, as those of zlib do', () => {
    const deflater = createDeflater(15, { chunkSize: 128, level: 3 });
    const plain = createDeflater(15);

    assert.strictEqual(deflater._level, 3);
    assert.strictEqual(deflater._chunkSize, 128);
    assert.strictEqual(plain._level, 5);
    assert.strictEqual(plain._chunkSize, 16 * 1024);
    deflater.free();
    plain.free();
  });

  it('takes memLevel and strategy', async () => {
    const deflater = createDeflater(15, {
      memLevel: 1,
      strategy: zlib.constants.Z_HUFFMAN_ONLY
    });
    const plain = createDeflater(15);
    const data = Buffer.alloc(1000, 'abcdefgh');
    const message = await deflate(deflater, data);

    assert.ok(message.length > (await deflate(plain, data)).length);
    assert.ok((await inflate(createInflater(15), message)).equals(data));
    deflater.free();
    plain.free();
  });

  it('resets its context when it is told to', async () => {
    const deflater = createDeflater(15);

    for (let i = 0; i < 2; i++) {
      assert.deepStrictEqual(
        await deflate(deflater, Buffer.from('Hello'), true, true),
        HELLO
      );
    }

    deflater.free();
  });
});

describe('The memory of a message that was deflated', () => {
  it('is its own, unless it is lent', async () => {
    const one = createDeflater(15);
    const other = createDeflater(15);
    const lend = (codec) =>
      new Promise((resolve) => {
        codec.run(Buffer.from('Hello'), true, true, true, resolve);
      });

    for (const codec of [one, other]) {
      const message = await deflate(codec, Buffer.from('Hello'), true, true);

      assert.deepStrictEqual(message, HELLO);
      assert.strictEqual(message.buffer.byteLength, HELLO.length);
    }

    const lent = [await lend(one), await lend(other)];

    for (const message of lent) assert.deepStrictEqual(message, HELLO);
    assert.strictEqual(memoryOf(lent[0]), memoryOf(lent[1]));
  });
});

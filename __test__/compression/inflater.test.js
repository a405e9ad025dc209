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
  memoryOf,
  NOISE
} = require('../support/codecs');
const { hex, tick } = require('../support/events');

describe('An inflater', () => {
  it('gives the text of what is wrong', async () => {
    const inflater = createInflater(15);

    assert.strictEqual(
      await inflate(inflater, hex('ff ff')),
      'invalid block type'
    );
    inflater.free();
  });

  it('gives neither bytes nor text for a message that is too long', async () => {
    const inflater = createInflater(15);
    const result = await inflate(inflater, HELLO, { limit: 4 });

    assert.notStrictEqual(typeof result, 'string');
    assert.ok(!Buffer.isBuffer(result));
    inflater.free();
  });

  it('takes exactly the limit', async () => {
    const inflater = createInflater(15);

    assert.deepStrictEqual(
      await inflate(inflater, HELLO, { limit: 5 }),
      Buffer.from('Hello')
    );
    inflater.free();
  });

  it('keeps to the limit though the last large message was longer', async () => {
    const deflater = createDeflater(15);
    const inflater = createInflater(15);
    const long = await deflate(deflater, NOISE, true, true);
    const shorter = NOISE.subarray(0, 40_000);
    const short = await deflate(deflater, shorter, true, true);

    assert.ok((await inflate(inflater, long)).equals(NOISE));
    assert.ok(
      (await inflate(inflater, short, { limit: 40_000 })).equals(shorter)
    );
    assert.ok(
      !Buffer.isBuffer(await inflate(inflater, short, { limit: 39_999 }))
    );
    deflater.free();
    inflater.free();
  });

  it('takes a dictionary, also as an ArrayBuffer', async () => {
    const dictionary = Buffer.from('Hello');
    const message = zlib
      .deflateRawSync('Hello', {
        dictionary,
        finishFlush: zlib.constants.Z_SYNC_FLUSH
      })
      .subarray(0, -4);

    for (const form of [dictionary, Uint8Array.from(dictionary).buffer]) {
      const inflater = createInflater(15, { dictionary: form });

      assert.strictEqual(String(await inflate(inflater, message)), 'Hello');
      inflater.free();
    }
  });

  it('takes more turns of the loop when it is watched', async () => {
    const inflater = createInflater(15);
    const turns = [];

    for (const watched of [false, true]) {
      let done = false;
      let count = 0;

      inflate(inflater, HELLO, { watched }).then(() => (done = true));
      while (!done && count < 100) {
        await tick();
        count++;
      }
      turns.push(count);
    }

    assert.ok(turns[0] < turns[1], `${turns}`);
    inflater.free();
  });
});

describe('The memory of a message that was inflated', () => {
  async function inflater() {
    const deflater = createDeflater(15);
    const codec = createInflater(15);

    return async (data) => inflate(codec, await deflate(deflater, data));
  }

  it('is never that of another connection', async () => {
    const one = await inflater();
    const other = await inflater();
    const seen = new Set();

    for (let length = 1; length < 1200; length += 40) {
      const data = Buffer.alloc(length, 'a');

      seen.add(memoryOf(await one(data)));
      assert.ok(!seen.has(memoryOf(await other(data))), `${length} bytes`);
    }
  });

  it('is at most 2 KiB for a short one', async () => {
    const one = await inflater();

    for (let i = 0; i < 30; i++) {
      assert.ok(memoryOf(await one(Buffer.alloc(100, 'a'))).byteLength <= 2048);
    }
  });

  it('is its own for more than a KiB', async () => {
    const one = await inflater();

    for (const length of [1025, 8000, 20_000, 300_000]) {
      const { buffer } = await one(Buffer.alloc(length, 'a'));

      assert.strictEqual(buffer.byteLength, length);
    }
  });

  it('can be transferred, whatever its length', async () => {
    const one = await inflater();

    for (const length of [1, 100, 512, 513, 20_000, 40_000, 4_000_000]) {
      const message = await one(Buffer.alloc(length, 'abc'));
      const { buffer, byteOffset } = message;
      const copy = structuredClone(buffer, { transfer: [buffer] });

      assert.strictEqual(message.length, 0);
      assert.ok(
        Buffer.from(copy, byteOffset, length).equals(
          Buffer.alloc(length, 'abc')
        )
      );
    }
  });

  it('is not lost with a message before it, or while it is inflated', async () => {
    const deflater = createDeflater(15);
    const codec = createInflater(15);
    const messages = [];

    for (const text of ['one', 'two', 'three']) {
      messages.push(await deflate(deflater, Buffer.from(text)));
    }

    const first = await inflate(codec, messages[0]);
    const second = inflate(codec, messages[1]);

    structuredClone(first.buffer, { transfer: [first.buffer] });
    assert.strictEqual(String(await second), 'two');
    assert.strictEqual(String(await inflate(codec, messages[2])), 'three');
  });
});

describe('A short payload', () => {
  it('is inflated though its memory is taken away meanwhile', async () => {
    const inflater = createInflater(15);
    const data = Buffer.from(new Uint8Array(HELLO).buffer);
    const pending = inflate(inflater, data);

    structuredClone(data.buffer, { transfer: [data.buffer] });
    assert.strictEqual(String(await pending), 'Hello');
    inflater.free();
  });
});

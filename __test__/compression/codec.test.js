'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { describe, it } = require('node:test');
const zlib = require('node:zlib');

const {
  createDeflater,
  createInflater
} = require('../../lib/compression/codec');
const { TAKEN_AWAY } = require('../../lib/compression/faults');
const Limiter = require('../../lib/compression/limiter');
const { hex, tick } = require('../support/events');
const { evaluate } = require('../support/programs');

/** As the text of RFC 7692, section 7.2.3.1. */
const HELLO = hex('f2 48 cd c9 c9 07 00');

/** More than is done within the calling tick. */
const LARGE = Buffer.alloc(100_000, 'ws-rs ');

/** Bytes that stay as many when they are compressed: large both ways. */
const NOISE = Buffer.alloc(100_000);

for (let i = 0, state = 1; i < NOISE.length; i++) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  NOISE[i] = state >>> 24;
}

function deflate(deflater, data, fin = true, reset = false) {
  return new Promise((resolve) =>
    deflater.run(data, fin, reset, false, resolve)
  );
}

/** Deflates with a deflater that is for this message only. */
async function deflateAnew(options, data) {
  const deflater = createDeflater(15, options);
  const message = await deflate(deflater, data, true, true);

  deflater.free();
  return message;
}

function inflate(inflater, data, { limit = 0, watched = false } = {}) {
  return new Promise((resolve) => {
    inflater.run(data, true, false, limit, watched, resolve);
  });
}

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

describe('A job on another thread', () => {
  it('keeps its input, whatever becomes of it', async () => {
    const deflater = createDeflater(15);
    const result = deflate(deflater, Buffer.from(LARGE));

    globalThis.gc?.();

    const message = await result;

    assert.ok((await inflate(createInflater(15), message)).equals(LARGE));
    deflater.free();
  });

  it('ends well though the state is freed meanwhile', async () => {
    for (let i = 0; i < 20; i++) {
      const deflater = createDeflater(15);
      const result = deflate(deflater, LARGE);

      deflater.free();
      await result;
    }
  });

  it('begins each large message anew when told to, with its dictionary', async () => {
    const dictionary = 'What both sides know already';
    const data = Buffer.concat([Buffer.from(dictionary), NOISE]);
    const options = { dictionary: Buffer.from(dictionary) };
    const deflater = createDeflater(15, options);
    const plain = createDeflater(15);

    // More at once than there are threads.
    const messages = await Promise.all(
      Array.from({ length: 12 }, () => deflateAnew(options, data))
    );
    const again = [
      await deflate(deflater, data, true, true),
      await deflate(deflater, data, true, true)
    ];

    for (const message of [...messages, ...again]) {
      const inflater = createInflater(15, options);

      assert.deepStrictEqual(message, messages[0]);
      assert.ok((await inflate(inflater, message)).equals(data));
      inflater.free();
    }

    // The dictionary was used: without it the message is another one.
    assert.notDeepStrictEqual(
      await deflate(plain, data, true, true),
      messages[0]
    );
    deflater.free();
    plain.free();
  });

  it('goes on after messages of more than 128 KiB', async () => {
    const deflater = createDeflater(15);
    const inflater = createInflater(15);
    const long = Buffer.concat([NOISE, NOISE.toReversed()]);
    const end = long.subarray(-1000);

    for (const [data, most] of [
      [long, Infinity],
      // Its bytes are those that were sent last.
      [end, 50],
      [long, Infinity],
      [long, Infinity],
      [end, 50]
    ]) {
      const message = await deflate(deflater, data);

      assert.ok(message.length <= most, `${message.length} bytes`);
      assert.ok((await inflate(inflater, message)).equals(data));
    }

    deflater.free();
    inflater.free();
  });

  it('keeps the context of the caller for a large message', async () => {
    const storage = new AsyncLocalStorage();
    const deflater = createDeflater(15);
    const seen = await storage.run('mine', () => {
      return new Promise((resolve) => {
        deflater.run(LARGE, true, false, false, () =>
          resolve(storage.getStore())
        );
      });
    });

    assert.strictEqual(seen, 'mine');
    deflater.free();
  });

  it('does not keep the results of others when its callback throws', async () => {
    const seen = await evaluate(async () => {
      const { createDeflater } = require('./lib/compression/codec');
      const data = Buffer.alloc(100_000, 'ws-rs ');
      const error = new Error('Oops');
      const seen = [];

      process.on('uncaughtException', (err) => seen.push(err === error));
      process.on('exit', () => console.log(JSON.stringify(seen)));
      createDeflater(15).run(data, true, false, false, () => {
        throw error;
      });

      for (let i = 0; i < 3; i++) {
        createDeflater(15).run(data, true, false, false, () =>
          seen.push('done')
        );
      }
    });

    assert.deepStrictEqual(seen.sort(), ['done', 'done', 'done', true]);
  });
});

/** What can be seen of a result's memory: how much there is, and whose it is. */
function memoryOf(result) {
  return result.buffer;
}

describe('Payloads that are given while another one is worked on', () => {
  it('are compressed in their order, in one stream', async () => {
    const deflater = createDeflater(15);
    const inflater = createInflater(15);
    const payloads = [LARGE, Buffer.from('short'), NOISE, Buffer.from('last')];
    const order = [];
    const messages = await Promise.all(
      payloads.map(async (data, i) => {
        const message = await deflate(deflater, data);

        order.push(i);
        return message;
      })
    );
    const results = await Promise.all(
      messages.map((message) => inflate(inflater, message))
    );

    assert.deepStrictEqual(order, [0, 1, 2, 3]);
    for (const [i, data] of payloads.entries()) {
      assert.ok(results[i].equals(data), `payload ${i}`);
    }

    deflater.free();
    inflater.free();
  });

  it('are called back in the async context of their callers', async () => {
    const storage = new AsyncLocalStorage();
    const deflater = createDeflater(15);
    const seen = await Promise.all(
      [LARGE, Buffer.from('short'), LARGE].map((data, i) =>
        storage.run(
          i,
          () =>
            new Promise((resolve) => {
              deflater.run(data, true, false, false, () => {
                resolve(storage.getStore());
              });
            })
        )
      )
    );

    assert.deepStrictEqual(seen, [0, 1, 2]);
    deflater.free();
  });

  it('are called back when the codec is freed, at once and in order', () => {
    for (const data of [Buffer.from('short'), LARGE]) {
      const deflater = createDeflater(15);
      const inflater = createInflater(15);
      const called = [];

      for (const name of ['a', 'b', 'c']) {
        const callback = (result) => called.push(name, typeof result);

        deflater.run(data, true, false, false, callback);
        inflater.run(data, true, false, 0, false, callback);
      }

      deflater.free();
      inflater.free();
      assert.deepStrictEqual(
        called,
        ['a', 'b', 'c', 'a', 'b', 'c'].flatMap((name) => [name, 'number'])
      );
    }
  });

  it('are all called back, though a callback throws', async () => {
    const seen = await evaluate(async () => {
      const { createDeflater } = require('./lib/compression/codec');
      const data = Buffer.alloc(100_000, 'ws-rs ');
      const seen = [];

      process.on('uncaughtException', (err) => seen.push(err.message));
      process.on('exit', () => console.log(JSON.stringify(seen)));

      for (const end of ['done', 'closed']) {
        const deflater = createDeflater(15);

        for (const i of [0, 1, 2]) {
          deflater.run(data, true, false, false, () => {
            seen.push(`${end} ${i}`);
            if (i === 2) return;
            throw new Error('Oops');
          });
        }

        if (end === 'closed') setImmediate(() => deflater.free());
      }
    });

    assert.deepStrictEqual(seen.filter((line) => line === 'Oops').length, 4);
    for (const end of ['done', 'closed']) {
      assert.deepStrictEqual(
        seen.filter((line) => line.startsWith(end)),
        [0, 1, 2].map((i) => `${end} ${i}`)
      );
    }
  });
});

describe('A payload that is taken away while it waits for a thread', () => {
  it('has no result, and those behind it have theirs', async () => {
    const limiter = new Limiter(1);
    const busy = createDeflater(15, {}, limiter);
    const deflater = createDeflater(15, {}, limiter);
    const inflater = createInflater(15);
    const memory = new ArrayBuffer(LARGE.length);
    const results = [
      deflate(busy, LARGE),
      deflate(deflater, Buffer.from(memory)),
      deflate(deflater, Buffer.from('Hello'))
    ];

    structuredClone(memory, { transfer: [memory] });

    const [, taken, behind] = await Promise.all(results);

    assert.strictEqual(taken, TAKEN_AWAY);
    assert.strictEqual(String(await inflate(inflater, behind)), 'Hello');
    for (const codec of [busy, deflater, inflater]) codec.free();
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

'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { describe, it } = require('node:test');

const { createDeflater } = require('../../lib/compression/deflater');
const { CLOSED, TAKEN_AWAY } = require('../../lib/compression/faults');
const { createInflater } = require('../../lib/compression/inflater');
const Limiter = require('../../lib/compression/limiter');
const {
  deflate,
  deflateAnew,
  inflate,
  LARGE,
  NOISE
} = require('../support/codecs');
const { evaluate } = require('../support/programs');

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
      assert.strictEqual(await result, CLOSED);
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
      const { createDeflater } = require('./lib/compression/deflater');
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
      const { createDeflater } = require('./lib/compression/deflater');
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

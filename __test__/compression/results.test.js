'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { evaluate } = require('../support/programs');

describe('Results of other threads', () => {
  it('leave no handle open, neither before the first nor after the last', async () => {
    const seen = await evaluate(async () => {
      const open = new Map();

      require('async_hooks')
        .createHook({
          init: (id, type) => open.set(id, type),
          destroy: (id) => open.delete(id)
        })
        .enable();

      const types = () =>
        [...open.values()].filter((type) => /^WsRs|ws-rs|Gc|GC/.test(type));
      const { createDeflater } = require('./lib/compression/deflater');
      const deflater = createDeflater(15);
      const run = (data) =>
        new Promise((resolve) => {
          deflater.run(data, true, false, false, resolve);
        });
      const seen = [];

      await run(Buffer.from('short'));
      seen.push(types());
      await Promise.all([1, 2, 3].map(() => run(Buffer.alloc(100_000))));
      await new Promise(setImmediate);
      seen.push(types().filter((type) => type.startsWith('WsRs')));
      console.log(JSON.stringify(seen));
    });

    assert.deepStrictEqual(seen, [[], []]);
  });

  it('keep the process alive until they are there, and no longer', async () => {
    const seen = await evaluate(async () => {
      const { createDeflater } = require('./lib/compression/deflater');
      const data = Buffer.alloc(1_000_000, 'ws-rs ');

      createDeflater(15).run(data, true, false, false, (result) => {
        console.log(JSON.stringify(Buffer.isBuffer(result)));
      });
    });

    assert.strictEqual(seen, true);
  });

  it('are errors where a job cannot be started', async () => {
    const seen = await evaluate(async () => {
      const native = require('./lib/native');
      const Limiter = require('./lib/compression/limiter');
      const { FAILED } = require('./lib/compression/faults');
      const { createDeflater } = require('./lib/compression/deflater');
      const { codecAway } = native;
      const limiter = new Limiter(1);
      const seen = [];
      const run = (codec) =>
        new Promise((resolve) => {
          codec.run(Buffer.alloc(100_000), true, false, false, resolve);
        });

      native.codecAway = () => {
        throw new Error('no thread');
      };
      seen.push((await run(createDeflater(15, {}, limiter))) === FAILED);
      native.codecAway = codecAway;
      seen.push(Buffer.isBuffer(await run(createDeflater(15, {}, limiter))));
      seen.push(limiter.pending);
      console.log(JSON.stringify(seen));
    });

    assert.deepStrictEqual(seen, [true, true, 0]);
  });
});

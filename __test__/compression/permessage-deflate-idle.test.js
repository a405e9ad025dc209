'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { createDeflater } = require('../../lib/compression/deflater');
const { createInflater } = require('../../lib/compression/inflater');
const PerMessageDeflate = require('../../lib/compression/permessage-deflate');
const WebSocket = require('../..');
const { noMemoryBack } = require('../support/machine');
const { evaluate } = require('../support/programs');

/** Milliseconds; so long that the clock is moved by the tests alone. */
const TIMEOUT = 3_600_000;
const DATA = Buffer.from('the same words over and over, or nearly so');

function deflate(deflater, data = DATA) {
  return new Promise((resolve) =>
    deflater.run(data, true, false, false, resolve)
  );
}

function inflate(inflater, data) {
  return new Promise((resolve) => {
    inflater.run(data, true, false, 0, false, resolve);
  });
}

/** Lets a deflater's clock take so many quarters of its timeout. */
function pass(deflater, quarters) {
  for (let i = 0; i < quarters; i++) deflater._idle._sweep();
}

describe('perMessageDeflate.idleTimeout', () => {
  it('is a number of milliseconds that a timer can wait', () => {
    const makers = [
      (perMessageDeflate) =>
        new WebSocket.Server({ noServer: true, perMessageDeflate }),
      (options) => new PerMessageDeflate(options),
      (perMessageDeflate) =>
        new WebSocket('ws://127.0.0.1:1', { perMessageDeflate })
    ];

    for (const make of makers) {
      for (const idleTimeout of ['5', true, {}, () => {}]) {
        assert.throws(() => make({ idleTimeout }), {
          message: /"idleTimeout" of .* is a number of milliseconds, not /,
          name: 'TypeError'
        });
      }
      // From 2^31 on Node's timers wait for a millisecond.
      for (const idleTimeout of [-1, NaN, Infinity, 2 ** 31]) {
        assert.throws(() => make({ idleTimeout }), {
          message: /"idleTimeout" of .* to 2147483647 milliseconds, not /,
          name: 'RangeError'
        });
      }
    }
    for (const idleTimeout of [undefined, null, 0, 1.5, 2 ** 31 - 1]) {
      for (const make of makers.slice(0, 2)) make({ idleTimeout });
    }
  });

  it('ends the context of who is idle; the peer reads on', async () => {
    const deflater = createDeflater(15, {}, undefined, TIMEOUT);
    const inflater = createInflater(15);
    const lengths = [];

    for (const quarters of [0, 0, 5]) {
      pass(deflater, quarters);

      const message = await deflate(deflater);

      lengths.push(message.length);
      assert.ok((await inflate(inflater, message)).equals(DATA));
    }

    assert.ok(lengths[1] < lengths[0] / 2, `${lengths}`);
    assert.strictEqual(lengths[2], lengths[0]);
    deflater.free();
    inflater.free();
  });

  it('ends no context in use', async () => {
    const deflater = createDeflater(15, {}, undefined, TIMEOUT);
    const first = await deflate(deflater);

    for (let i = 0; i < 5; i++) {
      pass(deflater, 4);
      assert.ok((await deflate(deflater)).length < first.length / 2);
    }

    deflater.free();
  });

  it('ends no context that a job has, but does so later', async () => {
    const deflater = createDeflater(15, {}, undefined, 1);
    const large = Buffer.alloc(4 << 20, 'ws-rs ');
    const inflater = createInflater(15);
    const message = await deflate(deflater, large);

    assert.ok((await inflate(inflater, message)).equals(large));
    while (deflater.idleSince !== -1) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    deflater.free();
    inflater.free();
  });

  it(
    'gives memory back, and keeps no process alive',
    { skip: noMemoryBack },
    async () => {
      const seen = await evaluate(async () => {
        const PerMessageDeflate = require('./lib/permessage-deflate');
        const count = 200;
        const pmds = Array.from({ length: count }, () => {
          const pmd = new PerMessageDeflate({
            isServer: true,
            idleTimeout: 2000
          });

          pmd.accept([{}]);
          return pmd;
        });

        for (const pmd of pmds) {
          await new Promise((resolve) => pmd.compress('hello', true, resolve));
        }

        const used = process.memoryUsage.rss();
        const deadline = Date.now() + 30_000;
        let freed = 0;

        while (freed <= 150 * 1024 && Date.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          freed = (used - process.memoryUsage.rss()) / count;
        }

        // The timer runs, and is all that is left.
        pmds[0].compress('hello', true, () => {
          console.log(JSON.stringify({ freed }));
        });
      });

      assert.ok(seen.freed > 150 * 1024, `${seen.freed} bytes a connection`);
    }
  );

  it('is nothing to a connection without context takeover', async () => {
    const pmd = new PerMessageDeflate({ isServer: true, idleTimeout: 10 });

    pmd.accept([{ server_no_context_takeover: [true] }]);
    await new Promise((resolve) => pmd.compress('hello', true, resolve));
    assert.strictEqual(pmd._deflate._idle, null);
    pmd.cleanup();
  });
});

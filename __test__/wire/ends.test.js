'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { describe, it } = require('node:test');

const { listen } = require('../../lib/connection/loop-listeners');
const { atEnd, expectBothEnds } = require('../../lib/wire/ends');
const { skip } = require('../support/loop');
const { evaluate } = require('../support/programs');

describe('atEnd()', { skip }, () => {
  it('does nothing until a client is on its way to this machine', () => {
    listen();
    assert.strictEqual(atEnd(assert.fail), false);
    expectBothEnds();
  });

  it('calls back in order, and before what setImmediate() was asked for earlier', async () => {
    const order = [];

    listen();
    await new Promise((resolve) => {
      setImmediate(() => {
        setImmediate(() => {
          order.push('immediate');
          resolve();
        });
        for (const name of ['first', 'second']) {
          assert.ok(atEnd(() => order.push(name)));
        }
      });
    });
    assert.deepStrictEqual(order, ['first', 'second', 'immediate']);
  });

  it('does the ticks of one before it calls the next', async () => {
    const order = [];

    listen();
    await new Promise((resolve) => {
      atEnd(() => process.nextTick(() => order.push('tick of the first')));
      atEnd(() => {
        order.push('second');
        resolve();
      });
    });
    assert.deepStrictEqual(order, ['tick of the first', 'second']);
  });

  it('calls what is asked for in a callback in the same turn', async () => {
    const order = [];

    listen();
    await new Promise((resolve) => {
      setImmediate(() => {
        setImmediate(() => order.push('immediate'));
        atEnd(() =>
          atEnd(() => {
            order.push('inner');
            setImmediate(resolve);
          })
        );
      });
    });
    assert.deepStrictEqual(order, ['inner', 'immediate']);
  });

  for (const how of ['within the callback', 'from setImmediate()']) {
    it(`calls what is asked for ${how} of another, and so on, while nothing else comes`, async () => {
      const seen = await evaluate(
        (isWithin) => {
          const { listen } = require('./lib/connection/loop-listeners');
          const { atEnd, expectBothEnds } = require('./lib/wire/ends');
          const seen = [];
          let left = 100;

          // Nothing else wakes libuv.
          const timer = setTimeout(() => seen.push(`${left} left`), 2000);

          function link() {
            if (--left === 0) {
              seen.push('the last one');
              clearTimeout(timer);
              console.log(JSON.stringify(seen));
            } else if (isWithin) {
              atEnd(link);
            } else {
              setImmediate(() => atEnd(link));
            }
          }

          listen();
          expectBothEnds();
          setImmediate(() => atEnd(link));
        },
        { argument: how === 'within the callback' }
      );

      assert.deepStrictEqual(seen, ['the last one']);
    });
  }

  it('calls back in the async context that it was called in', async () => {
    const storage = new AsyncLocalStorage();

    listen();
    assert.strictEqual(
      await new Promise((resolve) => {
        storage.run('here', () => atEnd(() => resolve(storage.getStore())));
      }),
      'here'
    );
  });

  it('keeps the process alive until then, and what throws keeps no other from being called', async () => {
    const seen = await evaluate(() => {
      const { listen } = require('./lib/connection/loop-listeners');
      const { atEnd, expectBothEnds } = require('./lib/wire/ends');
      const seen = [];

      listen();
      expectBothEnds();
      process.on('uncaughtException', (err) => seen.push(err.message));
      process.on('exit', () => console.log(JSON.stringify(seen)));
      setImmediate(() => {
        atEnd(() => {
          throw new Error('thrown');
        });
        atEnd(() => seen.push('second'));
      });
    });

    assert.deepStrictEqual(seen, ['thrown', 'second']);
  });
});

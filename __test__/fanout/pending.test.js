'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');

const Pending = require('../../lib/fanout/pending');

/** Notes which of some promises are resolved, by name. */
function watch(promises) {
  const done = [];

  for (const [name, promise] of Object.entries(promises)) {
    promise.then(() => done.push(name));
  }
  return done;
}

describe('Pending', () => {
  it('has nobody wait where there is nothing', async () => {
    await new Pending().gone();
  });

  it('has each wait for what was there, and not for what came later', async () => {
    const pending = new Pending();

    pending.add('a');
    pending.add('b');

    const early = pending.gone();
    const beside = pending.gone();

    pending.add('c');

    const late = pending.gone();
    const done = watch({ early, beside, late });

    pending.add('d');
    pending.delete('a');
    pending.delete('c');
    await turn();
    assert.deepStrictEqual(done, []);
    pending.delete('b');
    await turn();
    assert.deepStrictEqual(done, ['early', 'beside', 'late']);
    assert.deepStrictEqual([...pending], ['d']);
  });

  it('has who waits later wait for what is old', async () => {
    const pending = new Pending();

    pending.add('old');
    pending.add('young');

    const first = pending.gone();

    pending.delete('young');
    // One that is there still is as old as it was.
    pending.add('old');
    pending.add('young');

    const done = watch({ first, second: pending.gone() });

    pending.delete('young');
    await turn();
    assert.deepStrictEqual(done, []);
    pending.delete('old');
    await turn();
    assert.deepStrictEqual(done, ['first', 'second']);
  });

  it('begins anew when it is cleared', async () => {
    const pending = new Pending();

    pending.add('a');

    const gone = pending.gone();

    pending.add('b');

    const late = pending.gone();

    pending.clear();
    await Promise.all([gone, late]);
    pending.delete('a');
    assert.strictEqual(pending.size, 0);
    pending.add('a');
    assert.strictEqual(pending.has('a'), true);

    const done = watch({ again: pending.gone() });

    await turn();
    assert.deepStrictEqual(done, []);
    pending.delete('a');
    await turn();
    assert.deepStrictEqual(done, ['again']);
  });
});

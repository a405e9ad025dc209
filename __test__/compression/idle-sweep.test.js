'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const IdleSweep = require('../../lib/compression/idle-sweep');
const { evaluate } = require('../support/programs');

/** Milliseconds; the tests move the clock, not the time. */
const LONG = 3_600_000;

/** What a sweep knows of a deflater; it counts how often it was released. */
class FakeDeflater {
  idleSince = -1;
  isBusy = false;
  released = 0;

  release() {
    if (this.isBusy) return false;

    this.released++;
    return true;
  }
}

function pass(sweep, quarters) {
  for (let i = 0; i < quarters; i++) sweep._sweep();
}

describe('IdleSweep', () => {
  it('is one for all deflaters of the same timeout', () => {
    assert.ok(IdleSweep.of(LONG) instanceof IdleSweep);
    assert.strictEqual(IdleSweep.of(LONG), IdleSweep.of(LONG));
    assert.notStrictEqual(IdleSweep.of(LONG), IdleSweep.of(LONG + 1));
  });

  it('releases after the timeout, and at most a quarter later', () => {
    const sweep = new IdleSweep(LONG);
    const early = new FakeDeflater();
    const late = new FakeDeflater();

    sweep.touch(early);
    pass(sweep, 1);
    sweep.touch(late);
    pass(sweep, 3);
    // A whole timeout may not have passed: the first step had begun before.
    assert.deepStrictEqual([early.released, late.released], [0, 0]);
    pass(sweep, 1);
    assert.deepStrictEqual([early.released, late.released], [1, 0]);
    pass(sweep, 1);
    assert.deepStrictEqual([early.released, late.released], [1, 1]);
    // Once is enough.
    pass(sweep, 10);
    assert.deepStrictEqual([early.released, late.released], [1, 1]);
  });

  it('counts from the last use', () => {
    const sweep = new IdleSweep(LONG);
    const deflater = new FakeDeflater();

    for (let i = 0; i < 5; i++) {
      sweep.touch(deflater);
      pass(sweep, 4);
      assert.strictEqual(deflater.released, 0);
    }

    pass(sweep, 1);
    assert.strictEqual(deflater.released, 1);

    // And again, when it is used again.
    sweep.touch(deflater);
    pass(sweep, 5);
    assert.strictEqual(deflater.released, 2);
  });

  it('tries again what cannot be released because it is worked on', () => {
    const sweep = new IdleSweep(LONG);
    const deflater = new FakeDeflater();

    deflater.isBusy = true;
    sweep.touch(deflater);
    pass(sweep, 8);
    assert.strictEqual(deflater.released, 0);
    assert.notStrictEqual(deflater.idleSince, -1);
    deflater.isBusy = false;
    pass(sweep, 1);
    assert.strictEqual(deflater.released, 1);
    assert.strictEqual(deflater.idleSince, -1);
  });

  it('does not release what is forgotten', () => {
    const sweep = new IdleSweep(LONG);
    const closed = new FakeDeflater();
    const open = new FakeDeflater();

    sweep.touch(closed);
    sweep.touch(open);
    sweep.forget(closed);
    sweep.forget(closed);
    pass(sweep, 5);
    assert.deepStrictEqual([closed.released, open.released], [0, 1]);
    // It may be one that was never used, or not since it was released.
    sweep.forget(new FakeDeflater());
    sweep.forget(open);
  });

  it('has a timer only while there is something to release', () => {
    const sweep = new IdleSweep(LONG);
    const deflaters = [new FakeDeflater(), new FakeDeflater()];

    assert.strictEqual(sweep._timer, null);
    for (const deflater of deflaters) sweep.touch(deflater);

    const timer = sweep._timer;

    assert.strictEqual(timer.hasRef(), false);
    sweep.touch(deflaters[0]);
    assert.strictEqual(sweep._timer, timer);
    sweep.forget(deflaters[0]);
    assert.strictEqual(sweep._timer, timer);
    sweep.forget(deflaters[1]);
    assert.strictEqual(sweep._timer, null);

    sweep.touch(deflaters[0]);
    assert.notStrictEqual(sweep._timer, null);
    pass(sweep, 5);
    assert.strictEqual(sweep._timer, null);
  });

  it('goes by the clock, four steps a timeout', async () => {
    const sweep = new IdleSweep(40);
    const deflater = new FakeDeflater();
    const start = performance.now();

    sweep.touch(deflater);
    while (deflater.released === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    // Timers of Node may come a millisecond early, each of the five.
    assert.ok(performance.now() - start >= 40 - 5);
  });

  it('keeps no process alive', async () => {
    const code = await evaluate(async () => {
      const IdleSweep = require('./lib/compression/idle-sweep');

      IdleSweep.of(1000).touch({ idleSince: -1, release: () => false });
      process.on('exit', (code) => console.log(JSON.stringify(code)));
    });

    assert.strictEqual(code, 0);
  });
});

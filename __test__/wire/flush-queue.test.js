'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const FlushQueue = require('../../lib/wire/flush-queue');

/** What the queue knows of an output; it notes when it is flushed. */
class FakeOutput {
  isWaiting = false;

  constructor(name, log, onFlush = () => {}) {
    this._name = name;
    this._log = log;
    this._onFlush = onFlush;
  }

  flush() {
    assert.strictEqual(this.isWaiting, false);
    this._log.push(this._name);
    this._onFlush();
  }
}

const nextTick = () => new Promise((resolve) => process.nextTick(resolve));

describe('Outputs with frames that wait', () => {
  it('are flushed in their order at the end of the tick', async () => {
    const log = [];
    const outputs = ['a', 'b', 'c'].map((name) => new FakeOutput(name, log));

    for (const output of outputs) FlushQueue.add(output);
    assert.ok(outputs.every((output) => output.isWaiting));
    assert.deepStrictEqual(log, []);
    await nextTick();
    assert.deepStrictEqual(log, ['a', 'b', 'c']);

    // There is nothing left of them.
    await nextTick();
    assert.deepStrictEqual(log, ['a', 'b', 'c']);
  });

  it('may wait again in the next tick', async () => {
    const log = [];
    const output = new FakeOutput('a', log);

    for (let i = 1; i <= 3; i++) {
      FlushQueue.add(output);
      await nextTick();
      assert.strictEqual(log.length, i);
    }
  });

  it('are flushed within the tick if a flush makes them wait', async () => {
    const log = [];
    const second = new FakeOutput('second', log);
    const first = new FakeOutput('first', log, () => FlushQueue.add(second));

    FlushQueue.add(first);
    await nextTick();
    assert.deepStrictEqual(log, ['first', 'second']);
  });
});

describe('A hold', () => {
  it('keeps them for longer than a tick, up to its release', async () => {
    const log = [];

    FlushQueue.hold();
    FlushQueue.add(new FakeOutput('a', log));
    await nextTick();
    await nextTick();
    assert.deepStrictEqual(log, []);
    FlushQueue.release();
    assert.deepStrictEqual(log, ['a']);
  });

  it('ends with the outermost release', () => {
    const log = [];

    FlushQueue.hold();
    FlushQueue.add(new FakeOutput('a', log));
    FlushQueue.hold();
    FlushQueue.add(new FakeOutput('b', log));
    FlushQueue.release();
    assert.deepStrictEqual(log, []);
    FlushQueue.release();
    assert.deepStrictEqual(log, ['a', 'b']);
  });

  it('flushes what waited before it too', () => {
    const log = [];

    FlushQueue.add(new FakeOutput('before', log));
    FlushQueue.hold();
    FlushQueue.add(new FakeOutput('within', log));
    FlushQueue.release();
    assert.deepStrictEqual(log, ['before', 'within']);
  });
});

describe('An output that is known by its place', () => {
  // Beyond what connections of this process have.
  const ID = 0x00400000 + 1000;

  it('is flushed when the kernel did not take all at that place', () => {
    const log = [];

    FlushQueue.enlist(ID, new FakeOutput('a', log));
    FlushQueue.flushPlace(1000);
    FlushQueue.flushPlace(1001);
    assert.deepStrictEqual(log, ['a']);
    FlushQueue.enlist(ID, undefined);
    FlushQueue.flushPlace(1000);
    assert.deepStrictEqual(log, ['a']);
  });

  it('is flushed when the process exits, behind those that wait', () => {
    const log = [];
    const before = process.listeners('exit');

    FlushQueue.enlist(ID, new FakeOutput('known', log));
    FlushQueue.enlist(ID + 1, new FakeOutput('gone', log));
    FlushQueue.enlist(ID + 1, undefined);
    // Only the first of them listens to the process.
    assert.deepStrictEqual(process.listeners('exit'), before);

    const listeners = [...process[Symbol.for('ws-rs.atExit')]];

    assert.strictEqual(listeners.length, 1);
    FlushQueue.add(new FakeOutput('waits', log));
    listeners[0].deref()();
    assert.deepStrictEqual(log, ['waits', 'known']);
    FlushQueue.enlist(ID, undefined);
  });
});

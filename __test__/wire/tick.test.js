'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const Tick = require('../../lib/wire/tick');

/** What is known of an outbox; it notes when it is looked at. */
class FakeOutbox {
  isNative = false;
  isWaiting = false;

  constructor(name, log, onAttend = () => {}) {
    this._name = name;
    this._log = log;
    this._onAttend = onAttend;
  }

  afterFlush() {}

  attend() {
    assert.strictEqual(this.isWaiting, false);
    this._log.push(this._name);
    this._onAttend();
  }
}

const nextTick = () => new Promise((resolve) => process.nextTick(resolve));

describe('Outboxes with frames that wait', () => {
  it('are looked at in their order at the end of the tick', async () => {
    const log = [];
    const outboxes = ['a', 'b', 'c'].map((name) => new FakeOutbox(name, log));

    for (const outbox of outboxes) {
      Tick.add(outbox);
      Tick.add(outbox);
    }
    assert.ok(outboxes.every((outbox) => outbox.isWaiting));
    assert.deepStrictEqual(log, []);
    await nextTick();
    assert.deepStrictEqual(log, ['a', 'b', 'c']);

    // There is nothing left of them.
    await nextTick();
    assert.deepStrictEqual(log, ['a', 'b', 'c']);
  });

  it('may wait again in the next tick', async () => {
    const log = [];
    const outbox = new FakeOutbox('a', log);

    for (let i = 1; i <= 3; i++) {
      Tick.add(outbox);
      await nextTick();
      assert.strictEqual(log.length, i);
    }
  });

  it('are looked at within the tick if others make them wait', async () => {
    const log = [];
    const second = new FakeOutbox('second', log);
    const first = new FakeOutbox('first', log, () => Tick.add(second));

    Tick.add(first);
    await nextTick();
    assert.deepStrictEqual(log, ['first', 'second']);
  });

  it('need not wait for the end of the tick, but callbacks do', async () => {
    const log = [];
    const onNativeWire = new FakeOutbox('native', log);

    onNativeWire.isNative = true;
    Tick.add(onNativeWire);
    Tick.add(new FakeOutbox('a', log));
    Tick.flush();
    assert.deepStrictEqual(log, ['a']);
    Tick.add(onNativeWire);
    Tick.flush();
    assert.deepStrictEqual(log, ['a']);
    await nextTick();
    assert.deepStrictEqual(log, ['a', 'native']);
  });

  it('are all looked at in the midst of a tick though some throw, which is for nobody there', async (t) => {
    const log = [];
    const thrown = [];
    const fail = (message) => () => {
      throw new Error(message);
    };
    const native = new FakeOutbox('native', log);
    const outboxes = [
      new FakeOutbox('a', log, fail('a')),
      native,
      new FakeOutbox('b', log)
    ];

    native.isNative = true;
    native.afterFlush = fail('native');
    process.setUncaughtExceptionCaptureCallback(({ message }) =>
      thrown.push(message)
    );
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    for (const outbox of outboxes) Tick.add(outbox);
    Tick.flush();
    assert.deepStrictEqual(log, ['a', 'b']);
    assert.deepStrictEqual(thrown, []);
    await new Promise(setImmediate);
    assert.deepStrictEqual(thrown, ['a', 'native']);
    assert.deepStrictEqual(log, ['a', 'b', 'native']);
    assert.ok(outboxes.every((outbox) => !outbox.isWaiting));
  });

  it('are all looked at though some throw, which is not swallowed', async (t) => {
    const log = [];
    const thrown = [];
    const fail = () => {
      throw new Error('Oops');
    };

    process.setUncaughtExceptionCaptureCallback((err) => {
      thrown.push(err.message);
    });
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    Tick.add(new FakeOutbox('a', log, fail));
    Tick.add(new FakeOutbox('b', log));
    Tick.add(new FakeOutbox('c', log, fail));
    Tick.add(new FakeOutbox('d', log));
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepStrictEqual(log, ['a', 'b', 'c', 'd']);
    assert.deepStrictEqual(thrown, ['Oops', 'Oops']);
  });
});

describe('An outbox that is known by its place', () => {
  // Beyond what connections of this process have.
  const ID = 0x00400000 + 1000;

  it('is looked at when something became of what it had to write', () => {
    const log = [];

    const outbox = new FakeOutbox('a', log);

    Tick.enlist(ID, outbox);
    Tick.attend(1000);
    Tick.attend(1001);
    assert.deepStrictEqual(log, ['a']);
    Tick.delist(ID, outbox);
    Tick.attend(1000);
    assert.deepStrictEqual(log, ['a']);
  });

  it('is not made unknown by who had the place before', () => {
    const log = [];
    const before = new FakeOutbox('before', log);
    const outbox = new FakeOutbox('now', log);

    Tick.enlist(ID, before);
    Tick.delist(ID, before);
    Tick.enlist(ID + 0x00400000, outbox);
    Tick.delist(ID, before);
    Tick.attend(1000);
    assert.deepStrictEqual(log, ['now']);
    Tick.delist(ID, outbox);
  });

  it('has what waits written when the process exits', async () => {
    const log = [];
    const before = process.listeners('exit');

    const known = new FakeOutbox('known', log);

    Tick.enlist(ID, known);
    // Only the first of them listens to the process.
    assert.deepStrictEqual(process.listeners('exit'), before);
    assert.deepStrictEqual(
      [...process[Symbol.for('ws-rs.atExit')]].map((ref) => ref.deref()),
      [Tick.exit]
    );
    Tick.add(new FakeOutbox('waits', log));
    Tick.exit.call(process, 0);
    assert.deepStrictEqual(log, ['waits']);

    // No tick ends any more, unless the process goes on.
    Tick.add(new FakeOutbox('at once', log));
    assert.deepStrictEqual(log, ['waits', 'at once']);
    await new Promise(setImmediate);
    Tick.add(new FakeOutbox('later', log));
    assert.deepStrictEqual(log, ['waits', 'at once']);
    await new Promise(setImmediate);
    assert.deepStrictEqual(log, ['waits', 'at once', 'later']);
    Tick.delist(ID, known);
  });
});

'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const Tick = require('../../lib/wire/tick');

/** What is known of an outbox; it notes when it is looked at. */
class FakeOutbox {
  isWaiting = false;

  constructor(name, log, onAttend = () => {}) {
    this._name = name;
    this._log = log;
    this._onAttend = onAttend;
  }

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

  it('need not wait for the end of the tick', async () => {
    const log = [];

    Tick.add(new FakeOutbox('a', log));
    Tick.flush();
    assert.deepStrictEqual(log, ['a']);
    await nextTick();
    assert.deepStrictEqual(log, ['a']);
  });
});

describe('An outbox that is known by its place', () => {
  // Beyond what connections of this process have.
  const ID = 0x00400000 + 1000;

  it('is looked at when something became of what it had to write', () => {
    const log = [];

    Tick.enlist(ID, new FakeOutbox('a', log));
    Tick.attend(1000);
    Tick.attend(1001);
    assert.deepStrictEqual(log, ['a']);
    Tick.enlist(ID, undefined);
    Tick.attend(1000);
    assert.deepStrictEqual(log, ['a']);
  });

  it('has what waits written when the process exits', () => {
    const log = [];
    const before = process.listeners('exit');

    Tick.enlist(ID, new FakeOutbox('known', log));
    // Only the first of them listens to the process.
    assert.deepStrictEqual(process.listeners('exit'), before);
    assert.deepStrictEqual(
      [...process[Symbol.for('ws-rs.atExit')]].map((ref) => ref.deref()),
      [Tick.flush]
    );
    Tick.add(new FakeOutbox('waits', log));
    Tick.flush.call(process, 0);
    assert.deepStrictEqual(log, ['waits']);
    Tick.enlist(ID, undefined);
  });
});

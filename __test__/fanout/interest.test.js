'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');

const Interest = require('../../lib/fanout/interest');
const { MemoryBroker } = require('../support/memory-broker');

function make() {
  const adapter = new MemoryBroker().adapter();
  const errors = [];
  const interest = new Interest(adapter, {
    onerror: (err) => errors.push(err.message),
    onmessage() {}
  });

  return { adapter, errors, interest };
}

/** Whether a promise has been resolved by now. */
async function isDone(promise) {
  const pending = Symbol('pending');

  await turn();
  return (await Promise.race([promise, pending])) !== pending;
}

describe('Interest', () => {
  it('tells the adapter what is wanted, once', () => {
    const { adapter, interest } = make();

    interest.set('a', true);
    interest.set('a', true);
    interest.set('b', false);
    assert.deepStrictEqual(adapter.takeCalls(), ['subscribe a']);
    interest.set('a', false);
    interest.set('a', false);
    assert.deepStrictEqual(adapter.takeCalls(), ['unsubscribe a']);
    interest.set('a', true);
    assert.deepStrictEqual(adapter.takeCalls(), ['subscribe a']);
  });

  it('has one call at a time under way for a name', async () => {
    const { adapter, interest } = make();

    adapter.isHeld = true;
    interest.set('a', true);
    interest.set('a', false);
    interest.set('b', true);
    assert.deepStrictEqual(adapter.takeCalls(), ['subscribe a', 'subscribe b']);
    await adapter.release();
    await turn();
    assert.deepStrictEqual(adapter.takeCalls(), ['unsubscribe a']);
  });

  for (const count of [2, 3, 1000, 1001]) {
    it(`ends as it should after ${count} changes during a call`, async () => {
      const { adapter, interest } = make();

      adapter.isHeld = true;
      for (let i = 1; i <= count; i++) interest.set('a', i % 2 === 1);
      adapter.isHeld = false;
      await adapter.release();
      await interest.ready();

      assert.strictEqual(adapter.listeners.has('a'), count % 2 === 1);
      assert.strictEqual(adapter.takeCalls().length, 1 + ((count + 1) % 2));
    });
  }

  it('is ready when the broker knows all that is wanted', async () => {
    const { adapter, interest } = make();

    assert.strictEqual(await isDone(interest.ready()), true);
    adapter.isHeld = true;
    interest.set('a', true);
    interest.set('b', true);

    const ready = interest.ready();

    await adapter.release();
    assert.strictEqual(await isDone(ready), false);
    await adapter.release();
    assert.strictEqual(await isDone(ready), true);
  });

  it('has nobody wait for what is wanted later, of which there may always be more', async () => {
    const { adapter, interest } = make();

    adapter.isHeld = true;
    interest.set('a', true);

    const ready = interest.ready();
    const retried = interest.retry();

    interest.set('b', true);
    await adapter.release();
    interest.set('c', true);
    assert.strictEqual(await isDone(ready), true);
    assert.strictEqual(await isDone(retried), true);

    const later = interest.ready();

    assert.strictEqual(await isDone(later), false);
    await adapter.release();
    await adapter.release();
    assert.strictEqual(await isDone(later), true);
  });

  it('tries what failed when it is told to, and says nothing of an outage', async () => {
    const { adapter, errors, interest } = make();
    const { broker } = adapter;

    broker.isAway = true;
    interest.set('a', true);
    interest.set('b', true);
    await turn();
    interest.set('b', false);
    assert.strictEqual(await isDone(interest.ready()), false);
    broker.isAway = false;
    adapter.takeCalls();
    await interest.retry();
    assert.deepStrictEqual(adapter.takeCalls(), ['subscribe a']);
    assert.strictEqual(await isDone(interest.ready()), true);
    assert.deepStrictEqual(errors, []);
  });

  it('passes on why an adapter throws or rejects, and tries again later', async () => {
    const { adapter, errors, interest } = make();
    const { subscribe } = adapter;

    adapter.subscribe = () => {
      throw new Error('thrown');
    };
    interest.set('a', true);
    adapter.subscribe = async () => {
      throw new Error('rejected');
    };
    interest.set('b', true);
    await turn();
    assert.deepStrictEqual(errors, ['thrown', 'rejected']);
    adapter.subscribe = subscribe;
    await interest.retry();
    assert.deepStrictEqual([...adapter.listeners.keys()], ['a', 'b']);
  });

  it('keeps nothing of names that nobody wants any more', async () => {
    const { adapter, interest } = make();

    adapter.broker.isAway = true;
    for (let i = 0; i < 1000; i++) {
      interest.set(`name ${i}`, true);
      interest.set(`name ${i}`, false);
    }
    await turn();
    assert.strictEqual(interest._entries.size, 0);
    assert.strictEqual(interest._unsettled.size, 0);
  });

  it('asks the adapter for nothing more when that has closed it in a call', async () => {
    const { adapter, interest } = make();

    adapter.subscribe = () => {
      throw new Error('refused');
    };
    for (const name of ['a', 'b', 'c']) interest.set(name, true);

    const asked = [];

    adapter.subscribe = (name) => {
      asked.push(name);
      interest.close();
    };
    await interest.retry();
    assert.deepStrictEqual(asked, ['a']);
    await interest.ready();
  });

  it('lets nobody wait when it is closed', async () => {
    const { adapter, interest } = make();

    adapter.isHeld = true;
    interest.set('a', true);

    const ready = interest.ready();
    const idle = interest.retry();

    interest.close();
    await Promise.all([ready, idle, interest.ready()]);
    adapter.takeCalls();
    await adapter.release();
    assert.deepStrictEqual(adapter.takeCalls(), []);
  });
});

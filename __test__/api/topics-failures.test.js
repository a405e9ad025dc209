'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');

const { MemoryBroker } = require('../support/memory-broker');
const { evaluate, runProgram } = require('../support/programs');
const { HEAD, openBoth } = require('../support/two-topics');
const { Topics } = require('../../index');

describe('Topics whose broker or adapter fails', () => {
  it('go on in this process while the broker is away, and with all after', async (t) => {
    const { broker, here, there } = await openBoth(t);
    let reconnects = 0;

    here.topics.on('reconnect', () => reconnects++);
    broker.leave();
    here.topics.publish('room', 'lost');
    here.topics.subscribe(here.ws[0], 'new');
    here.topics.unsubscribe(here.ws[0], 'room');
    assert.deepStrictEqual(await here.take[1](1), ['lost']);
    assert.deepStrictEqual(
      here.errors.map((err) => err.message),
      ['The broker in memory is away']
    );
    broker.comeBack();
    await once(here.topics, 'reconnect');
    await here.topics.ready();
    there.topics.publish('new', 'new');
    there.topics.publish('room', 'again');
    assert.deepStrictEqual(await here.take[0](2), ['lost', 'new']);
    assert.deepStrictEqual(await here.take[1](1), ['again']);
    assert.deepStrictEqual(await there.take[0](1), ['again']);
    assert.strictEqual(reconnects, 1);
  });

  it('say so when something strange comes, and pass it over', async (t) => {
    const { broker, here, there } = await openBoth(t);
    const strange = [
      Buffer.from('PING\r\n'),
      Buffer.alloc(0),
      'a string',
      undefined,
      { length: 100 },
      Buffer.concat([HEAD, Buffer.from([0xff, 0xfe])]),
      Buffer.alloc(100000, 255)
    ];

    for (const one of strange) broker.publish('room', one);
    there.topics.publish('room', 'still here');
    assert.deepStrictEqual(await here.take[0](1), ['still here']);
    assert.strictEqual(here.errors.length, strange.length);
    for (const err of here.errors) {
      assert.strictEqual(err.code, 'WS_RS_FOREIGN_MESSAGE');
      assert.match(err.message, /\(topic "room"\)$/);
    }
  });

  for (const [how, fail] of [
    [
      'throws',
      () => {
        throw new Error('broken');
      }
    ],
    ['rejects', async () => Promise.reject(new Error('broken'))],
    [
      'throws something strange',
      () => {
        throw 'broken';
      }
    ]
  ]) {
    it(`report an adapter that ${how}, and go on`, async (t) => {
      const { here } = await openBoth(t);
      const { adapter, errors, topics, ws } = here;

      Object.assign(adapter, {
        close: fail,
        publish: fail,
        subscribe: fail,
        unsubscribe: fail
      });
      assert.strictEqual(topics.publish('room', 'local'), 2);
      assert.strictEqual(topics.subscribe(ws[0], 'other'), true);
      assert.strictEqual(topics.unsubscribe(ws[0], 'room'), true);
      assert.strictEqual(topics.unsubscribe(ws[1], 'room'), true);
      assert.strictEqual(topics.publish('other', 'still'), 1);
      assert.deepStrictEqual(await here.take[0](2), ['local', 'still']);
      await topics.close();
      await turn();
      // That of the second publish() is the same as that of the first.
      assert.strictEqual(errors.length, 4);
      for (const err of errors) assert.match(err.message, /broken/);
    });
  }

  it('report a failure of publish() again once one has succeeded', async (t) => {
    const { here } = await openBoth(t);
    const { adapter, errors, topics } = here;
    const { publish } = adapter;

    class TimeoutError extends Error {}

    for (const fail of [true, true, false, true, true]) {
      adapter.publish = fail
        ? async () => Promise.reject(new TimeoutError())
        : publish;
      topics.publish('room', 'a');
      await turn();
    }
    assert.deepStrictEqual(
      errors.map(({ message }) => message),
      Array(2).fill('The adapter failed: TimeoutError')
    );
  });

  it('drop what the broker does not take in time, and say so once', async (t) => {
    const broker = new MemoryBroker();
    const adapter = broker.adapter();
    const topics = new Topics({ adapter, maxPending: 1000 });
    const errors = [];

    t.after(() => topics.close());
    topics.on('error', (err) => errors.push(err));
    adapter.isHeld = true;
    topics.publish('room', 'x'.repeat(2000));
    for (let i = 0; i < 100; i++) topics.publish('room', 'x');
    assert.deepStrictEqual(adapter.takeCalls(), ['publish room']);
    await adapter.release();
    await turn();
    assert.strictEqual(errors.length, 1);
    assert.strictEqual(errors[0].code, 'WS_RS_DROPPED');
    assert.match(errors[0].message, /2000 bytes wait already/);
    for (let i = 0; i < 20; i++) topics.publish('room', 'x'.repeat(100));
    assert.strictEqual(adapter.takeCalls().length, 10);
    await turn();
    assert.strictEqual(errors.length, 2);
    adapter.isHeld = false;
    for (let i = 0; i < 10; i++) await adapter.release();
  });

  it('warn once for an outage if nobody listens for errors', async () => {
    const { stderr } = await runProgram(async () => {
      const { MemoryBroker } = require('./__test__/support/memory-broker');
      const broker = new MemoryBroker();
      const topics = new WebSocket.Topics({ adapter: broker.adapter() });

      for (let i = 0; i < 2; i++) {
        broker.leave();
        broker.leave();
        broker.comeBack();
        // `once()` of node:events would listen for errors, too.
        await new Promise((resolve) => topics.once('reconnect', resolve));
      }
    });

    assert.strictEqual(
      stderr.match(/TopicsWarning: The broker in memory is away/g)?.length,
      2
    );
    assert.match(stderr, /WS_RS_BROKER_AWAY/);
  });

  it('let errors of listeners end the process, and nothing else break', async () => {
    const caught = await evaluate(async () => {
      const { MemoryBroker } = require('./__test__/support/memory-broker');
      const broker = new MemoryBroker();
      const topics = new WebSocket.Topics({ adapter: broker.adapter() });
      const caught = [];

      process.on('uncaughtException', (err) => caught.push(err.message));
      topics.on('error', (err) => {
        throw new Error(`listener: ${err.message}`);
      });
      topics.listen('room', () => {
        throw new Error('listener of room');
      });
      broker.leave();
      broker.publish('room', 'rubbish');
      topics.publish('room', 'local');
      await new Promise((resolve) => setImmediate(resolve));
      console.log(JSON.stringify(caught.map((text) => text.slice(0, 30))));
    });

    assert.deepStrictEqual(caught, [
      'listener: The broker in memory',
      'listener: What came from the b',
      'listener of room'
    ]);
  });
});

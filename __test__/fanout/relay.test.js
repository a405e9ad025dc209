'use strict';

const assert = require('node:assert');
const EventEmitter = require('node:events');
const { describe, it } = require('node:test');

const { turns } = require('../support/loop');
const { Topics } = require('../../index');

/** What an adapter may do that is of no use, by what it is. */
const FAILURES = {
  'throws an error': () => {
    throw new Error('no');
  },
  'throws undefined': () => {
    throw undefined;
  },
  'throws an object without a prototype': () => {
    throw Object.create(null);
  },
  rejects: () => Promise.reject(new Error('no')),
  'rejects with a symbol': () => Promise.reject(Symbol('no')),
  'returns something whose "then" throws': () => ({
    then() {
      throw new Error('no');
    }
  }),
  'returns something that has no "then" for us': () => ({
    get then() {
      throw new Error('no');
    }
  }),
  'rejects twice': () => ({
    then(resolve, reject) {
      reject(new Error('no'));
      reject(new Error('no, no'));
      resolve();
    }
  })
};

/** Topics with an adapter that does the same in all of its methods. */
function open(t, method) {
  const errors = [];
  const topics = new Topics({
    adapter: {
      close: method,
      publish: method,
      subscribe: method,
      unsubscribe: method
    }
  });

  topics.on('error', (err) => errors.push(err));
  return { errors, topics };
}

describe('An adapter that', () => {
  for (const [title, method] of Object.entries(FAILURES)) {
    it(`${title} is an 'error', and disturbs nobody here`, async (t) => {
      const { errors, topics } = open(t, method);
      const heard = [];

      topics.listen('room', (data) => heard.push(`${data}`));
      await turns();
      assert.strictEqual(errors.length, 1);
      topics.publish('room', 'a');
      await turns();
      assert.strictEqual(errors.length, 2);
      await topics.close();
      await turns();
      assert.strictEqual(errors.length, 3);
      for (const err of errors) assert.ok(err instanceof Error);
      assert.deepStrictEqual(heard, ['a']);
    });
  }

  it('resolves twice is taken at its first word', async (t) => {
    const { errors, topics } = open(t, () => ({
      then(resolve, reject) {
        resolve();
        reject(new Error('no'));
        resolve();
      }
    }));

    for (let i = 0; i < 10; i++) {
      const stop = topics.listen(`room ${i}`, () => {});

      if (i % 2 === 0) stop();
    }
    await topics.ready();
    topics.publish('room 1', 'a');
    await topics.close();
    assert.deepStrictEqual(errors, []);
  });

  it('never answers has no more waiting for it than "maxPending"', async () => {
    const errors = [];
    let published = 0;
    const never = () => new Promise(() => {});
    const topics = new Topics({
      adapter: {
        close() {},
        publish() {
          published++;
          return never();
        },
        subscribe: never,
        unsubscribe: never
      },
      maxPending: 1000
    });
    const heard = [];

    topics.on('error', (err) => errors.push(err));
    topics.listen('room', (data) => heard.push(data.length));
    for (let i = 0; i < 1000; i++) topics.publish('room', Buffer.alloc(100));
    await turns();
    assert.strictEqual(published, 10);
    assert.strictEqual(heard.length, 1000);
    assert.deepStrictEqual(
      errors.map(({ code }) => code),
      ['WS_RS_DROPPED']
    );
    // Whoever waits for it is let go.
    const ready = topics.ready();

    await topics.close();
    await ready;
  });

  it('is away again before all is asked for anew is not back', async () => {
    const asked = [];
    const adapter = Object.assign(new EventEmitter(), {
      close() {},
      publish() {},
      subscribe: () =>
        new Promise((resolve, reject) => asked.push({ reject, resolve })),
      unsubscribe() {}
    });
    const topics = new Topics({ adapter });
    const said = [];
    const away = () =>
      Object.assign(new Error('away'), { code: 'WS_RS_BROKER_AWAY' });

    topics.on('error', ({ message }) => said.push(message));
    topics.on('reconnect', () => said.push('reconnect'));
    topics.listen('room', () => {});
    adapter.emit('error', away());
    asked[0].reject(away());
    await turns();
    adapter.emit('reconnect');
    await turns();
    adapter.emit('error', away());
    asked[1].reject(away());
    await turns();
    assert.deepStrictEqual(said, ['away', 'away']);
    adapter.emit('reconnect');
    await turns();
    asked[2].resolve();
    await turns();
    assert.deepStrictEqual(said, ['away', 'away', 'reconnect']);
    await topics.close();
  });

  it('calls its listener with anything, also when it is over, is heard out', async () => {
    const listeners = [];
    const errors = [];
    const topics = new Topics({
      adapter: {
        close() {},
        publish() {},
        subscribe(name, listener) {
          listeners.push(listener);
          listener(Buffer.from('at once'));
        },
        unsubscribe() {}
      }
    });
    const rubbish = [undefined, null, 'text', 1, {}, [], Buffer.alloc(3)];

    topics.on('error', (err) => errors.push(err));

    const stop = topics.listen('room', () => assert.fail('nothing for it'));

    for (const one of rubbish) listeners[0](one);
    await turns();
    assert.strictEqual(errors.length, rubbish.length + 1);
    stop();
    await topics.close();
    for (const one of rubbish) listeners[0](one);
    await turns();
    assert.strictEqual(errors.length, rubbish.length + 1);
  });

  it('publishes and closes from within its methods is left in peace', async () => {
    const errors = [];
    let depth = 0;
    const topics = new Topics({
      adapter: {
        close() {},
        publish(name) {
          if (depth++ < 5) topics.publish(name, 'again');
          else topics.close();
        },
        subscribe(name) {
          topics.publish(name, 'in subscribe');
        },
        unsubscribe() {}
      }
    });

    topics.on('error', (err) => errors.push(err));
    topics.listen('room', () => {});
    await turns();
    assert.throws(() => topics.publish('room', 'late'), /were closed/);
    assert.deepStrictEqual(errors, []);
    assert.strictEqual(depth, 6);
  });
});

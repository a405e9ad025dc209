'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { until } = require('../support/loop');
const Interest = require('../../lib/fanout/interest');
const RedisCluster = require('../../lib/adapters/redis-cluster');
const { slotOf } = require('../../lib/adapters/redis-slot');

const CHANNEL = 'news';
const SLOT = slotOf(CHANNEL);

/**
 * A cluster of two masters, of which one has all slots. Commands are done, and
 * answered, when `answer()` is called.
 */
class FakeCluster {
  constructor() {
    this.owner = 'a';
    this.asked = [];
    this.connections = [];
    this.holds = false;
    this.published = [];
    this.refuses = false;
    /** By master, the channels that somebody is subscribed to. */
    this.subscribed = { a: new Set(), b: new Set() };

    const cluster = this;

    this.map = {
      Connection: class {
        isReady = true;

        constructor({ address }, sharded, handlers) {
          this.address = address;
          this.handlers = handlers;
          setImmediate(handlers.onready);
          cluster.connections.push(this);
        }

        subscribe([channel]) {
          return cluster.ask(() => {
            if (cluster.refuses) throw new Error('NOPERM');
            cluster.subscribed[this.address].add(channel);
          });
        }

        unsubscribe([channel]) {
          return cluster.ask(() =>
            cluster.subscribed[this.address].delete(channel)
          );
        }

        async ping() {}

        async clusterInfo() {
          return 'cluster_state:ok';
        }

        async publish(channel, bytes) {
          cluster.published.push(bytes.toString());
        }

        async close() {}
      },

      look: async () => ({
        clients: new Map(['a', 'b'].map((address) => [address, { address }])),
        owners: { [SLOT]: this.owner }
      })
    };
  }

  async ask(command) {
    if (this.holds) await new Promise((resolve) => this.asked.push(resolve));
    command();
    await sleep(1);
  }

  answer() {
    this.holds = false;
    for (const resolve of this.asked.splice(0)) resolve();
  }

  /** What comes from a master, to whom is subscribed there. */
  publish(text) {
    for (const { address, handlers } of this.connections) {
      if (this.subscribed[address].has(CHANNEL)) {
        handlers.onmessage(CHANNEL, Buffer.from(text));
      }
    }
  }

  /** The connections to a master break, and are made again. */
  async restart(address) {
    const broken = this.connections.filter((one) => one.address === address);

    this.subscribed[address].clear();
    for (const one of broken) {
      one.isReady = false;
      one.handlers.ondown(new Error('lost'));
    }
    await sleep(1);
    for (const one of broken) {
      one.isReady = true;
      one.handlers.onready();
    }
  }
}

describe('A channel of a cluster', () => {
  it('that is left and wanted again while it moves is heard', async (t) => {
    const cluster = new FakeCluster();
    const adapter = new RedisCluster(cluster.map, {});
    const heard = [];
    const interest = new Interest(adapter, {
      onerror: assert.fail,
      onmessage: (name, data) => heard.push(String(data))
    });

    t.after(() => adapter.close());
    interest.set(CHANNEL, true);
    await interest.ready();
    cluster.publish('at a');

    // Its server has ended the subscription; that at the next one takes a while.
    cluster.owner = 'b';
    cluster.subscribed.a.clear();
    cluster.holds = true;
    await adapter.look();
    await sleep(5);
    assert.strictEqual(cluster.asked.length, 1);

    interest.set(CHANNEL, false);
    interest.set(CHANNEL, true);
    await sleep(5);
    cluster.answer();
    await interest.ready();
    cluster.publish('at b');

    assert.ok(cluster.subscribed.b.has(CHANNEL));
    assert.deepStrictEqual([...new Set(heard)], ['at a', 'at b']);
  });

  it('that is left while it moves is not heard any more', async (t) => {
    const cluster = new FakeCluster();
    const adapter = new RedisCluster(cluster.map, {});

    t.after(() => adapter.close());
    await adapter.subscribe(CHANNEL, assert.fail);
    cluster.owner = 'b';
    cluster.subscribed.a.clear();
    cluster.holds = true;
    await adapter.look();
    await sleep(5);

    const left = adapter.unsubscribe(CHANNEL);

    cluster.answer();
    await left;
    assert.ok(!cluster.subscribed.b.has(CHANNEL));
    cluster.publish('to nobody');
  });

  it('that is refused is told of once, by whom it was asked for', async (t) => {
    const cluster = new FakeCluster();
    const adapter = new RedisCluster(cluster.map, {});

    t.after(() => adapter.close());
    adapter.on('error', assert.fail);
    cluster.refuses = true;
    await assert.rejects(adapter.subscribe(CHANNEL, assert.fail), /NOPERM/);
    cluster.refuses = false;
    await adapter.subscribe(CHANNEL, () => {});
    assert.ok(cluster.subscribed.a.has(CHANNEL));
  });

  it('that is refused after an outage is asked for behind the next one', async (t) => {
    const cluster = new FakeCluster();
    const adapter = new RedisCluster(cluster.map, {});
    const told = [];

    t.after(() => adapter.close());
    await adapter.subscribe(CHANNEL, () => {});
    adapter.on('error', ({ code, message }) => told.push(code ?? message));
    adapter.on('reconnect', () => told.push('reconnect'));

    cluster.refuses = true;
    await cluster.restart('a');
    await until(() => told.includes('reconnect'));
    // Nobody asks in between.
    await adapter.look();
    await sleep(5);
    assert.deepStrictEqual(told.splice(0), [
      'WS_RS_BROKER_AWAY',
      'NOPERM',
      'reconnect'
    ]);

    cluster.refuses = false;
    await adapter.look();
    assert.ok(!cluster.subscribed.a.has(CHANNEL));
    await cluster.restart('a');
    await until(() => told.includes('reconnect'));
    assert.ok(cluster.subscribed.a.has(CHANNEL));
    assert.deepStrictEqual(told, ['WS_RS_BROKER_AWAY', 'reconnect']);
  });

  it('that is refused by one master is asked for where it goes', async (t) => {
    const cluster = new FakeCluster();
    const adapter = new RedisCluster(cluster.map, {});

    t.after(() => adapter.close());
    await adapter.subscribe(CHANNEL, () => {});

    const told = [];

    adapter.on('error', ({ message }) => told.push(message));
    cluster.refuses = true;
    await cluster.restart('a');
    await until(() => told.includes('NOPERM'));
    cluster.refuses = false;
    cluster.owner = 'b';
    await adapter.look();
    await until(() => cluster.subscribed.b.has(CHANNEL));
  });

  it('gets what is published in order, before the cluster is known and as it is', async (t) => {
    const cluster = new FakeCluster();
    const { look } = cluster.map;
    // What is published in the very tick in which it is known.
    cluster.map.look = () =>
      look().then((found) => {
        Promise.resolve()
          .then(() => {})
          .then(() => adapter.publish(CHANNEL, Buffer.from('b')));
        return found;
      });
    const adapter = new RedisCluster(cluster.map, {});

    t.after(() => adapter.close());
    adapter.publish(CHANNEL, Buffer.from('a'));
    await until(() => cluster.published.length === 2);
    assert.deepStrictEqual(cluster.published, ['a', 'b']);
  });
});

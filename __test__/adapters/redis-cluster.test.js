'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

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
    this.holds = false;
    /** By master, the channels that somebody is subscribed to. */
    this.subscribed = { a: new Set(), b: new Set() };

    const cluster = this;

    this.map = {
      Connection: class {
        isReady = true;

        constructor({ address }, sharded, { onmessage, onready }) {
          this._address = address;
          setImmediate(onready);
          (cluster.listeners ??= []).push({ address, onmessage });
        }

        subscribe([channel]) {
          return cluster.ask(() =>
            cluster.subscribed[this._address].add(channel)
          );
        }

        unsubscribe([channel]) {
          return cluster.ask(() =>
            cluster.subscribed[this._address].delete(channel)
          );
        }

        async ping() {}

        async clusterInfo() {
          return 'cluster_state:ok';
        }

        async publish() {}

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
    for (const { address, onmessage } of this.listeners) {
      if (this.subscribed[address].has(CHANNEL)) {
        onmessage(CHANNEL, Buffer.from(text));
      }
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
});

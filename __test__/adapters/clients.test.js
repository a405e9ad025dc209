'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { NatsAdapter, RedisAdapter } = require('../../index');

/** What all clients of Redis have. */
const BASE = { connect: none, duplicate: none, publish: none };

function none() {}

describe('RedisAdapter', () => {
  it('refuses what is no client of redis or ioredis', () => {
    for (const wrong of [undefined, null, 'redis://127.0.0.1', 6379, {}]) {
      assert.throws(() => new RedisAdapter(wrong), {
        message: /client of one server, of the package redis .* or ioredis/,
        name: 'TypeError'
      });
    }
  });

  it('says that a promise of a client is none', () => {
    assert.throws(
      () => new RedisAdapter(Promise.resolve({})),
      /not its promise: await connect\(\)/
    );
  });

  it('takes a client of a cluster with "sharded" only', () => {
    for (const client of [
      { isCluster: true, nodes: none, psubscribe: none, ssubscribe: none },
      { getSlotRandomNode: none, nodeClient: none, sSubscribe: none }
    ]) {
      assert.throws(() => new RedisAdapter({ ...BASE, ...client }), {
        message: /of a cluster with the option "sharded" only/,
        name: 'TypeError'
      });
    }
  });

  it('refuses clients of sentinels, and of clusters that it does not know', () => {
    for (const client of [
      { isCluster: true, psubscribe: none, ssubscribe: none },
      { getSlotRandomNode: none, pSubscribe: none, sSubscribe: none },
      { getSentinelNode: none, pSubscribe: none, sSubscribe: none }
    ]) {
      assert.throws(
        () => new RedisAdapter({ ...BASE, ...client }, { sharded: true }),
        /a client of one server/
      );
    }
  });

  it('wants to be told whether it is sharded by a boolean', () => {
    for (const sharded of ['false', 1, null]) {
      assert.throws(() => new RedisAdapter({ ...BASE }, { sharded }), {
        message: /"sharded" of a RedisAdapter is true or false/,
        name: 'TypeError'
      });
    }
  });

  it('says what is wrong with a cluster whose client throws', async () => {
    const adapter = new RedisAdapter(
      {
        ...BASE,
        duplicate() {
          throw new Error('no such thing');
        },
        isCluster: true,
        nodes: none,
        ssubscribe: none
      },
      { sharded: true }
    );
    const [error] = await once(adapter, 'error').catch((err) => [err]);

    assert.strictEqual(error.code, 'WS_RS_BROKER_AWAY');
    assert.match(error.message, /no such thing/);
    assert.strictEqual(adapter.publish('a', Buffer.from('b')), undefined);
    await adapter.close();
  });
});

describe('NatsAdapter', () => {
  it('refuses what is no connection', () => {
    for (const wrong of [undefined, null, 'nats://127.0.0.1', {}]) {
      assert.throws(() => new NatsAdapter(wrong), {
        message: /takes a connection of @nats-io\/transport-node/,
        name: 'TypeError'
      });
    }
    assert.throws(
      () => new NatsAdapter(Promise.resolve({})),
      /not its promise: await connect\(\)/
    );
  });

  it('refuses prefixes that begin no subject', () => {
    const connection = {
      flush: none,
      isClosed: none,
      publish: none,
      status: none,
      subscribe: none
    };

    for (const prefix of [1, 'a b', '*.', '>', '.a', 'a..b', '\ud800']) {
      assert.throws(() => new NatsAdapter(connection, { prefix }), TypeError);
    }
  });
});

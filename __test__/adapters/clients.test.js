'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { NatsAdapter, RedisAdapter } = require('../../index');

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

  it('refuses clients of a cluster and of sentinels', () => {
    const base = { connect: none, duplicate: none, publish: none };

    for (const client of [
      { ...base, isCluster: true, psubscribe: none, ssubscribe: none },
      { ...base, getSlotRandomNode: none, pSubscribe: none, sSubscribe: none },
      { ...base, getSentinelNode: none, pSubscribe: none, sSubscribe: none }
    ]) {
      assert.throws(() => new RedisAdapter(client), /a client of one server/);
    }
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

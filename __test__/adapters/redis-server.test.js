'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { turns } = require('../support/loop');
const RedisServer = require('../../lib/adapters/redis-server');

/** A server without a network, and what it has been asked for. */
function makeServer() {
  const connections = [];
  const refused = new Set();

  class Connection {
    constructor(client, sharded, handlers) {
      this.calls = [];
      this.handlers = handlers;
      this.isReady = false;
      this.subscribed = new Set();
      connections.push(this);
    }

    connect() {
      this.isReady = true;
      this.handlers.onready();
    }

    lose() {
      this.isReady = false;
      this.subscribed.clear();
      this.handlers.ondown(new Error('lost'));
    }

    async subscribe(channels) {
      this.calls.push(['subscribe', channels.length]);
      if (channels.some((one) => refused.has(one))) {
        throw new Error('NOPERM one of the channels');
      }
      for (const one of channels) this.subscribed.add(one);
    }

    async unsubscribe(channels) {
      this.calls.push(['unsubscribe', channels.length]);
      for (const one of channels) this.subscribed.delete(one);
    }

    async publish(channel, bytes) {
      this.calls.push(['publish', bytes.toString()]);
    }

    async close() {}
  }

  const server = new RedisServer(Connection, {}, false);
  const [publisher, subscriber] = connections;
  const errors = [];

  server.on('error', (err) => errors.push(err.message));
  return { errors, publisher, refused, server, subscriber };
}

function makeConnected() {
  const made = makeServer();

  made.publisher.connect();
  made.subscriber.connect();
  return made;
}

async function subscribeToAll(server, names) {
  await Promise.all(names.map((name) => server.subscribe(name, () => {})));
}

function namesOf(count) {
  return Array.from({ length: count }, (_, i) => `name ${i}`);
}

describe('RedisServer, back after an outage', () => {
  it('subscribes to all channels but those that are refused, and says why', async () => {
    const { errors, refused, server, subscriber } = makeConnected();
    const names = namesOf(2500);

    await subscribeToAll(server, names);
    subscriber.lose();
    refused.add('name 3').add('name 1999');
    errors.length = 0;

    subscriber.connect();
    await turns();
    assert.deepStrictEqual(
      names.filter((name) => !subscriber.subscribed.has(name)),
      ['name 3', 'name 1999']
    );
    assert.deepStrictEqual(errors, ['NOPERM one of the channels']);
    assert.strictEqual(server.isAway, false);

    // What was refused is tried again after the next one.
    subscriber.lose();
    refused.clear();
    subscriber.calls.length = 0;
    subscriber.connect();
    await turns();
    assert.strictEqual(subscriber.subscribed.size, names.length);
    assert.deepStrictEqual(subscriber.calls, [
      ['subscribe', 1000],
      ['subscribe', 1000],
      ['subscribe', 500]
    ]);
  });

  it('tells no refusals of a connection that is lost meanwhile', async () => {
    const { errors, refused, server, subscriber } = makeConnected();

    await subscribeToAll(server, namesOf(3));
    subscriber.lose();
    refused.add('name 1');
    errors.length = 0;

    const { subscribe } = subscriber;

    subscriber.subscribe = (channels) => {
      if (channels.length === 1) subscriber.isReady = false;
      return subscribe.call(subscriber, channels);
    };
    subscriber.connect();
    await turns();
    assert.deepStrictEqual(errors, []);
  });
});

describe('RedisServer', () => {
  it('keeps the order of what is published before it is connected, and as it is', async () => {
    for (const end of ['connect', 'lose']) {
      const { publisher, server, subscriber } = makeServer();
      const later = Promise.resolve().then(() =>
        server.publish('room', Buffer.from('b'))
      );

      server.publish('room', Buffer.from('a'));
      publisher.connect();
      // From here on both are to be sent, and the second need not wait.
      subscriber[end]();
      await later;
      await turns();
      assert.deepStrictEqual(publisher.calls, [
        ['publish', 'a'],
        ['publish', 'b']
      ]);
    }
  });
});

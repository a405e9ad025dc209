'use strict';

const assert = require('node:assert');
const { EventEmitter } = require('node:events');
const { describe, it } = require('node:test');

const RedisEnding = require('../../lib/adapters/redis-ending');

/** A client of `redis` that has been told to connect, and notes how it was ended. */
class Client extends EventEmitter {
  isOpen = true;
  ended = 0;

  destroy() {
    assert.ok(this.isOpen, 'redis throws if it is not open');
    this.isOpen = false;
    this.ended++;
  }
}

function make(...events) {
  const client = new Client();
  const ending = new RedisEnding(client);

  client.on('error', () => {});
  for (const event of events) client.emit(event, new Error('refused'));
  return { client, ending };
}

describe('RedisEnding', () => {
  it('ends a client at once that has a socket, or has none for a while', () => {
    for (const events of [
      ['connect'],
      ['connect', 'ready'],
      ['error'],
      ['connect', 'ready', 'error', 'reconnecting', 'connect'],
      ['ready']
    ]) {
      const { client, ending } = make(...events);

      ending.end();
      assert.strictEqual(client.ended, 1, `${events}`);
    }
  });

  it('ends one whose socket is under way when that is there, or failed', () => {
    for (const before of [[], ['error', 'reconnecting']]) {
      for (const after of ['connect', 'error']) {
        const { client, ending } = make(...before);

        ending.end();
        assert.strictEqual(client.ended, 0);
        client.emit(after, new Error('refused'));
        assert.strictEqual(client.ended, 1);
      }
    }
  });

  it('ends it once', () => {
    const { client, ending } = make();

    ending.end();
    ending.end();
    client.emit('connect');
    ending.end();
    client.emit('error', new Error('closed'));
    assert.strictEqual(client.ended, 1);
  });
});

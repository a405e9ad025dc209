'use strict';

const assert = require('node:assert');
const { EventEmitter } = require('node:events');
const { describe, it } = require('node:test');

const { NodeRedis } = require('../../lib/adapters/redis-connection');

/** A client of `redis` that is connected, and notes what was made of it. */
class Client extends EventEmitter {
  constructor(made) {
    super();
    this.isOpen = true;
    this.isReady = true;
    this.made = made;
  }

  async connect() {}

  destroy() {
    this.isOpen = false;
    this.isReady = false;
  }

  duplicate() {
    const client = new Client(this.made);

    this.made.push(client);
    return client;
  }
}

function connected() {
  const made = [];
  const downs = [];
  const connection = new NodeRedis(new Client(made), true, {
    ondown: (err) => downs.push(err),
    onmessage() {},
    onmoved() {},
    onready() {}
  });

  made[0].emit('ready');
  return { connection, downs, made };
}

describe('NodeRedis', () => {
  it('begins anew when the client finds an answer that nobody waits for', () => {
    const { downs, made } = connected();
    // As @redis/client 5.12 throws it at `#waitingForReply.head.value`.
    const err = new TypeError(
      "Cannot read properties of undefined (reading 'value')"
    );

    made[0].emit('error', err);

    assert.strictEqual(made.length, 2);
    assert.strictEqual(made[0].isOpen, false);
    assert.deepStrictEqual(downs, [err]);
  });

  it('stays with a client that reports something else and is ready', () => {
    const { downs, made } = connected();
    const err = new Error('ERR unknown command');

    made[0].emit('error', err);

    assert.strictEqual(made.length, 1);
    assert.strictEqual(made[0].isOpen, true);
    assert.deepStrictEqual(downs, [err]);
  });

  it('hears no more of a client that it has given up', () => {
    const { downs, made } = connected();

    made[0].emit('error', new TypeError('one'));
    made[0].emit('error', new Error('two'));

    assert.strictEqual(made.length, 2);
    assert.strictEqual(downs.length, 1);
  });
});

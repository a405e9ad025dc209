'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { NatsAdapter } = require('../../index');
const { turns } = require('../support/loop');

/** A connection without a network. */
class Connection {
  constructor() {
    this.events = [];
    this.isOpen = true;
    this.refused = new Set();
    this.subscriptions = new Set();
    this.told = null;
  }

  publish() {}

  subscribe(subject, { callback }) {
    if (!this.isOpen) throw new Error('closed');

    const subscription = {
      callback,
      subject,
      unsubscribe: () => this.subscriptions.delete(subscription)
    };

    this.subscriptions.add(subscription);
    setImmediate(() => this.look());
    return subscription;
  }

  /** Refuses what is to be refused, as the client does. */
  look() {
    for (const subscription of this.subscriptions) {
      if (!this.refused.has(subscription.subject)) continue;

      this.subscriptions.delete(subscription);
      subscription.callback(new Error(`no ${subscription.subject}`));
    }
  }

  async flush() {
    await turns(2);
  }

  async *status() {
    for (;;) {
      while (this.events.length > 0) yield this.events.shift();
      await new Promise((resolve) => {
        this.told = resolve;
      });
    }
  }

  async tell(type) {
    this.events.push({ type });
    this.told();
    // The client has subscribed again by itself.
    if (type === 'reconnect') setImmediate(() => this.look());
    await turns();
  }

  isClosed() {
    return !this.isOpen;
  }

  get subjects() {
    return Array.from(this.subscriptions, ({ subject }) => subject).sort();
  }
}

async function make(names) {
  const connection = new Connection();
  const adapter = new NatsAdapter(connection);
  const heard = [];

  adapter.on('error', (err) => heard.push(err.message));
  adapter.on('reconnect', () => heard.push('reconnect'));
  await turns();
  await Promise.all(names.map((name) => adapter.subscribe(name, () => {})));
  return { adapter, connection, heard };
}

describe('NatsAdapter', () => {
  it('leaves no subscription on the connection if it is closed while it subscribes', async () => {
    const { adapter, connection } = await make(['a']);
    const subscribed = adapter.subscribe('b', () => {});

    assert.deepStrictEqual(connection.subjects, ['ws-rs.a', 'ws-rs.b']);
    await adapter.close();
    await subscribed;
    assert.deepStrictEqual(connection.subjects, []);
  });

  it('tells what is refused after an outage, and asks again after the next', async () => {
    const { adapter, connection, heard } = await make(['a', 'b']);

    await connection.tell('disconnect');
    connection.refused.add('ws-rs.a');
    await connection.tell('reconnect');
    assert.match(heard[0], /^The broker is away/);
    assert.deepStrictEqual(heard.slice(1), ['no ws-rs.a', 'reconnect']);
    assert.deepStrictEqual(connection.subjects, ['ws-rs.b']);

    await connection.tell('disconnect');
    heard.length = 0;
    await connection.tell('reconnect');
    assert.deepStrictEqual(heard, ['no ws-rs.a', 'reconnect']);

    await connection.tell('disconnect');
    connection.refused.clear();
    await connection.tell('reconnect');
    assert.deepStrictEqual(connection.subjects, ['ws-rs.a', 'ws-rs.b']);
    await adapter.close();
    assert.deepStrictEqual(connection.subjects, []);
  });

  it('rejects what is refused at once, and keeps nothing of it', async () => {
    const { adapter, connection, heard } = await make([]);

    connection.refused.add('ws-rs.a');
    await assert.rejects(
      adapter.subscribe('a', () => {}),
      /no ws-rs\.a/
    );
    connection.refused.clear();
    await connection.tell('disconnect');
    await connection.tell('reconnect');
    assert.deepStrictEqual(connection.subjects, []);
    assert.strictEqual(heard.length, 2);
    await adapter.close();
  });

  it('goes on though the connection is being closed as it asks again', async () => {
    const { connection, heard } = await make(['a']);

    connection.refused.add('ws-rs.a');
    connection.look();
    assert.deepStrictEqual(heard.splice(0), ['no ws-rs.a']);
    await connection.tell('disconnect');
    connection.isOpen = false;
    await connection.tell('reconnect');
    assert.deepStrictEqual(heard.slice(1), ['closed', 'reconnect']);
  });
});

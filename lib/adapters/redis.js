'use strict';

const { BrokerAdapter, checkPrefix } = require('./broker-adapter');
const { channelOf } = require('./names');
const checkNames = require('../option-names');
const { asBuffer, connectionFor } = require('./redis-connection');

/** How many channels one command subscribes to. */
const AT_ONCE = 1000;

/**
 * Exchanges messages over Redis' pub/sub.
 *
 * It makes two connections like the client that it is given: one to publish, and
 * one to subscribe, which Redis wants apart. Both keep nothing for later, as
 * clients do: a message that is sent again after an outage may come twice.
 */
class RedisAdapter extends BrokerAdapter {
  /**
   * @param {Object} client Of `redis` or `ioredis`; need not be connected
   * @param {Object} [options]
   * @param {String} [options.prefix='ws-rs:'] What all channels begin with
   * @param {Boolean} [options.sharded=false] Whether to use sharded pub/sub
   * @throws {TypeError} That is no such client, no string, or no option
   */
  constructor(client, options = {}) {
    super();
    checkNames(options, ['prefix', 'sharded'], 'A RedisAdapter has no option');

    const { prefix = 'ws-rs:', sharded = false } = options;

    const Connection = connectionFor(client);

    this._prefix = checkPrefix(prefix);
    /** By channel. */
    this._listeners = new Map();
    /** Whether the subscriber has subscribed to them. */
    this._isRestored = false;
    this._restores = 0;
    this._isStarted = false;
    /** When both connections were there, or one could not be made. */
    this._started = new Promise((resolve) => {
      this._start = resolve;
    });
    this._publisher = new Connection(client, sharded, {
      ondown: (err) => this._down(this._publisher, err),
      onmessage() {},
      onready: () => this._look()
    });
    this._subscriber = new Connection(client, sharded, {
      ondown: (err) => this._down(this._subscriber, err),
      onmessage: (channel, bytes) => this._listeners.get(channel)?.(bytes),
      onready: () => this._restore()
    });
  }

  publish(name, bytes) {
    return this._isStarted
      ? this._send(name, bytes)
      : this._started.then(() => this._send(name, bytes));
  }

  async subscribe(name, listener) {
    const channel = this._channelOf(name);

    await this._started;
    if (this._isAway || !this._subscriber.isReady) throw this._lost();

    this._listeners.set(channel, listener);

    try {
      await this._subscriber.subscribe([channel]);
    } catch (err) {
      this._listeners.delete(channel);
      if (this._isAway || !this._subscriber.isReady) throw this._lost(err);
      throw explained(err);
    }
  }

  async unsubscribe(name) {
    const channel = this._channelOf(name);

    this._listeners.delete(channel);

    // Else it is not subscribed to again.
    if (!this._isRestored) return;

    try {
      await this._subscriber.unsubscribe([channel]);
    } catch (err) {
      if (this._subscriber.isReady) throw err;
    }
  }

  async close() {
    this._isClosed = true;
    this._start();
    this._listeners.clear();
    await Promise.all([this._publisher.close(), this._subscriber.close()]);
  }

  _channelOf(name) {
    return this._prefix + channelOf(name);
  }

  _send(name, bytes) {
    const publisher = this._publisher;

    if (!publisher.isReady) {
      this._lost();
      return undefined;
    }

    return publisher
      .publish(this._channelOf(name), asBuffer(bytes))
      .catch((err) => {
        if (publisher.isReady) throw explained(err);
        this._lost(err);
      });
  }

  /** A connection is lost, or says that something is wrong with it. */
  _down(connection, err) {
    if (this._isClosed) return;

    if (connection?.isReady) {
      this.emit('error', err);
      return;
    }

    if (connection === this._subscriber) this._isRestored = false;
    this._isStarted = true;
    this._start();
    this._lost(err);
  }

  /** Has the new connection subscribe to what the one before it did. */
  async _restore() {
    const round = ++this._restores;
    const subscriber = this._subscriber;

    try {
      const channels = new Set(this._listeners.keys());

      for (const some of inParts(channels)) await subscriber.subscribe(some);

      // Who was left meanwhile?
      for (;;) {
        const left = [...channels].filter((one) => !this._listeners.has(one));

        if (left.length === 0) break;
        for (const some of inParts(left)) await subscriber.unsubscribe(some);
        for (const one of left) channels.delete(one);
      }
    } catch (err) {
      if (round !== this._restores || !subscriber.isReady) return;
      this.emit('error', err);
    }

    if (round !== this._restores) return;
    this._isRestored = true;
    this._look();
  }

  /** Is all there? */
  _look() {
    if (!this._isRestored || !this._publisher.isReady) return;

    this._isStarted = true;
    this._start();
    this._found();
  }
}

function explained(err) {
  if (!/^MOVED /.test(err.message)) return err;

  return new Error(
    'In a cluster of Redis a sharded channel is for one server, and this ' +
      `one's is another: leave the option "sharded" out (${err.message})`,
    { cause: err }
  );
}

function* inParts(channels) {
  const all = [...channels];

  for (let i = 0; i < all.length; i += AT_ONCE) yield all.slice(i, i + AT_ONCE);
}

module.exports = RedisAdapter;

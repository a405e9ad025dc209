'use strict';

const { BrokerAdapter, checkPrefix } = require('./broker-adapter');
const { channelOf } = require('./names');
const { asBuffer, connectionFor } = require('./redis-connection');

/** How many channels one command subscribes to. */
const AT_ONCE = 1000;

/**
 * Exchanges messages over Redis' pub/sub.
 *
 * It makes two connections like the client that it is given: one to publish, and
 * one to subscribe, which Redis wants apart. Both keep nothing for later, as the
 * clients do: a message that is sent again after an outage may come twice.
 */
class RedisAdapter extends BrokerAdapter {
  /**
   * @param {Object} client Of `redis` or `ioredis`; need not be connected
   * @param {Object} [options]
   * @param {String} [options.prefix='ws-rs:'] What all channels begin with
   * @param {Boolean} [options.sharded=false] Whether to use sharded pub/sub
   * @throws {TypeError} That is no such client, or no string
   */
  constructor(client, { prefix = 'ws-rs:', sharded = false } = {}) {
    super();

    const Connection = connectionFor(client);

    this._prefix = checkPrefix(prefix);
    /** By channel. */
    this._listeners = new Map();
    /** Channels that were given up while the broker was away. */
    this._stale = new Set();
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

    this._stale.delete(channel);
    this._listeners.set(channel, listener);

    try {
      await this._subscriber.subscribe([channel]);
    } catch (err) {
      this._listeners.delete(channel);
      throw this._isAway || !this._subscriber.isReady ? this._lost(err) : err;
    }
  }

  async unsubscribe(name) {
    const channel = this._channelOf(name);

    this._listeners.delete(channel);

    if (this._isAway || !this._subscriber.isReady) {
      this._stale.add(channel);
      return;
    }

    try {
      await this._subscriber.unsubscribe([channel]);
    } catch (err) {
      if (this._subscriber.isReady) throw err;
      this._stale.add(channel);
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
        if (publisher.isReady) throw err;
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
      const channels = [...this._listeners.keys()];

      for (let i = 0; i < channels.length; i += AT_ONCE) {
        await subscriber.subscribe(channels.slice(i, i + AT_ONCE));
      }

      // A client that subscribes again by itself does so to these, too.
      while (this._stale.size > 0) {
        const stale = [...this._stale].slice(0, AT_ONCE);

        await subscriber.unsubscribe(stale);
        for (const channel of stale) this._stale.delete(channel);
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

module.exports = RedisAdapter;

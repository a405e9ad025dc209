'use strict';

const { BrokerAdapter } = require('./broker-adapter');
const { inTime, lateError } = require('./in-time');
const { asBuffer } = require('./redis-connection');
const timers = require('../timers');

/**
 * How many channels one command subscribes to: the server does nothing else
 * meanwhile.
 */
const AT_ONCE = 1000;

/**
 * In how many ms the subscriber to a cluster's server is renewed if no answer
 * comes: longer than a server that works takes, as all its subscriptions are
 * then made again.
 */
const PATIENCE = 3000;

/**
 * Exchanges messages over the pub/sub of one Redis.
 *
 * It makes two connections like the client that it is given: one to publish, and
 * one to subscribe, which Redis wants apart. Both keep nothing for later, as
 * clients do: a message that is sent again after an outage may come twice.
 */
class RedisServer extends BrokerAdapter {
  /**
   * @param {Function} Connection Of redis-connection.js, for that client
   * @param {Object} client Of one server
   * @param {Boolean} sharded Whether to use sharded pub/sub
   * @param {Object} [cluster] If it is a server of one, which gets
   *     `onforgotten(server)`, when it has subscribed to nothing any more, and
   *     `onmoved(server)`, when channels of it may be those of another
   */
  constructor(Connection, client, sharded, cluster) {
    super();
    this._cluster = cluster;
    /** Commands of the subscriber that have no answer yet, in a cluster. */
    this._waiting = 0;
    this._watch = null;
    /** By channel. */
    this._listeners = new Map();
    /** Whether the subscriber has subscribed to them. */
    this._isRestored = false;
    this._restores = 0;
    this._isStarted = false;
    /** Resolves when both connections are there, or one could not be made. */
    this._started = new Promise((resolve) => {
      this._start = resolve;
    });
    // Before whoever waits for it: what is published then comes behind what waits.
    this._started.then(() => {
      this._isStarted = true;
    });
    this._publisher = new Connection(client, sharded, {
      ondown: (err) => this._down(this._publisher, err),
      onmessage() {},
      onmoved() {},
      onready: () => this._look()
    });
    this._subscriber = new Connection(client, sharded, {
      ondown: (err) => this._down(this._subscriber, err),
      onmessage: (channel, bytes) => this._listeners.get(channel)?.(bytes),
      onmoved: () => cluster?.onmoved(this),
      onready: () => this._restore()
    });
  }

  publish(channel, bytes) {
    return this._isStarted
      ? this._send(channel, bytes)
      : this._started.then(() => this._send(channel, bytes));
  }

  /** Resolves when all that was published before has been answered, or is lost. */
  async settle() {
    await this._publisher.ping().catch(() => {});
  }

  /** Whether the server says that its cluster works. */
  async isWell() {
    let isWell = false;

    await inTime(
      this._publisher.clusterInfo().then((info) => {
        isWell = /^cluster_state:ok\b/m.test(info);
      })
    );
    return isWell;
  }

  async subscribe(channel, listener) {
    await this._started;
    if (this._isAway || !this._subscriber.isReady) throw this._lost();

    this._listeners.set(channel, listener);

    try {
      await this._answered(this._subscriber.subscribe([channel]));
    } catch (err) {
      this._listeners.delete(channel);
      if (this._isAway || !this._subscriber.isReady) throw this._lost(err);
      throw err;
    }
  }

  /**
   * Nothing of a channel is to be passed on any more, whatever the server
   * sends.
   */
  forget(channel) {
    this._listeners.delete(channel);
  }

  async unsubscribe(channel) {
    this._listeners.delete(channel);

    // Else it is not subscribed to again.
    if (!this._isRestored) return;

    try {
      await this._answered(this._subscriber.unsubscribe([channel]));
    } catch (err) {
      if (this._subscriber.isReady) throw err;
    }
  }

  async close() {
    this._isClosed = true;
    this._start();
    this._listeners.clear();
    timers.clearInterval(this._watch);
    await Promise.all([this._publisher.close(), this._subscriber.close()]);
  }

  _send(channel, bytes) {
    const publisher = this._publisher;

    if (!publisher.isReady) {
      this._lost();
      return undefined;
    }

    return publisher.publish(channel, asBuffer(bytes)).catch((err) => {
      // The error of a connection that stands is the server's answer.
      if (publisher.isReady || isMoved(err)) throw err;
      this._lost(err);
    });
  }

  /**
   * When a server ends subscriptions as slots move, the packages take that for
   * answers, and one of their commands may then wait for ever.
   */
  async _answered(promise) {
    if (this._cluster === undefined) return promise;

    this._waiting++;
    this._watchOn();

    try {
      return await promise;
    } finally {
      this._waiting--;
      this._watchOn();
    }
  }

  /** Begins to wait anew, if there is anything to wait for. */
  _watchOn() {
    const late = () => this._subscriber.renew(lateError());

    timers.clearInterval(this._watch);
    this._watch =
      this._waiting > 0 && !this._isClosed
        ? timers.setInterval(late, PATIENCE)
        : null;
  }

  /** A connection is lost, or says that something is wrong with it. */
  _down(connection, err) {
    if (this._isClosed) return;

    if (connection?.isReady) {
      this.emit('error', err);
      return;
    }

    if (connection === this._subscriber) this._forget();
    this._start();
    this._lost(err);
  }

  /**
   * Its channels may meanwhile be another server's: that is for the cluster to
   * see.
   */
  _forget() {
    this._isRestored = false;
    if (this._cluster === undefined) return;

    this._listeners.clear();
    this._cluster.onforgotten(this);
  }

  /** Has the new connection subscribe to what the one before it did. */
  async _restore() {
    const round = ++this._restores;
    const subscriber = this._subscriber;
    const isOver = () => round !== this._restores || !subscriber.isReady;

    try {
      const channels = new Set(this._listeners.keys());
      const refusals = new Map();

      for (const some of inParts(channels)) {
        await subscribeToEach(subscriber, some, isOver, refusals);
      }
      for (const err of refusals.values()) this.emit('error', err);

      // Who was left meanwhile?
      for (;;) {
        const left = [...channels].filter((one) => !this._listeners.has(one));

        if (left.length === 0) break;
        for (const some of inParts(left)) await subscriber.unsubscribe(some);
        for (const one of left) channels.delete(one);
      }
    } catch (err) {
      if (isOver()) return;
      this.emit('error', err);
    }

    if (round !== this._restores) return;
    this._isRestored = true;
    this._look();
  }

  /** Is all there? */
  _look() {
    if (!this._isRestored || !this._publisher.isReady) return;

    this._start();
    this._found();
  }
}

/**
 * A server that refuses one channel of a command refuses the others with it: they
 * are subscribed to one by one then.
 *
 * @param {RedisConnection} subscriber Of the server
 * @param {String[]} channels Some
 * @param {Function} isOver Whether the connection is of no use any more
 * @param {Map<String, Error>} refusals Gets why channels are refused, each reason once
 * @throws {Error} The connection is lost
 */
async function subscribeToEach(subscriber, channels, isOver, refusals) {
  try {
    await subscriber.subscribe(channels);
  } catch (err) {
    if (isOver()) throw err;

    if (channels.length === 1) {
      refusals.set(err.message, err);
      return;
    }

    await Promise.all(
      channels.map((one) =>
        subscribeToEach(subscriber, [one], isOver, refusals)
      )
    );
  }
}

/** Whether a server says that a channel is for another one. */
function isMoved(err) {
  return /^MOVED /.test(err?.message);
}

function* inParts(channels) {
  const all = [...channels];

  for (let i = 0; i < all.length; i += AT_ONCE) yield all.slice(i, i + AT_ONCE);
}

RedisServer.isMoved = isMoved;

module.exports = RedisServer;

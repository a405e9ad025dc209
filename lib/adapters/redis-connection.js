'use strict';

const { Buffer } = require('buffer');

const { inTime, lateError, PATIENCE } = require('./in-time');
const RedisEnding = require('./redis-ending');
const timers = require('../timers');

/** A connection without an answer is given up after so many times `PATIENCE`. */
const MOST_WAITS = 5;

/**
 * A connection that is like the client of the program, but keeps nothing for
 * later: what cannot be sent now fails, and so does what has no answer when the
 * connection breaks. It subscribes to nothing by itself.
 *
 * The class for each package also has `isReady`, `clusterInfo()`, `close()`,
 * `renew(reason)`, which drops a connection that stands but is of no use, and
 * `_each(channels, method)`, which calls a method of the client's for channels.
 */
class RedisConnection {
  /**
   * @param {Boolean} sharded Whether to use sharded pub/sub
   * @param {String[]} methods The names of the client's methods that publish,
   *     subscribe and unsubscribe
   */
  constructor(sharded, [publish, subscribe, unsubscribe]) {
    this._client = null;
    this._ondown = null;
    this._waits = null;
    this._publish = publish;
    this._subscribe = subscribe;
    this._unsubscribe = unsubscribe;
    this._isSharded = sharded;
  }

  /**
   * The server has taken the connection, and has to answer. The clients wait for
   * that without a limit, and say nothing.
   */
  _awaitAnswer() {
    let count = 0;

    timers.clearInterval(this._waits);
    this._waits = timers.setInterval(() => {
      if (++count < MOST_WAITS) this._ondown(lateError());
      else this.renew(lateError());
    }, PATIENCE);
  }

  /** It has answered, or the connection is over. */
  _endWait() {
    timers.clearInterval(this._waits);
    this._waits = null;
  }

  ping() {
    return this._client.ping();
  }

  publish(channel, bytes) {
    return this._client[this._publish](channel, bytes);
  }

  subscribe(channels) {
    return this._each(channels, this._subscribe);
  }

  unsubscribe(channels) {
    return this._each(channels, this._unsubscribe);
  }
}

/** Of the package `redis`. */
class NodeRedis extends RedisConnection {
  static isOne(client) {
    return isClient(client, ['connect', 'pSubscribe', 'sSubscribe']);
  }

  /**
   * @param {Object} client The program's
   * @param {Boolean} sharded Whether to use sharded pub/sub
   * @param {Object} handlers `onready()`, `ondown(err)` (perhaps several times for
   *     one outage), `onmessage(channel, bytes)`, `onmoved()`: the server has
   *     ended subscriptions by itself, as their slot is another one's now
   */
  constructor(client, sharded, { ondown, onmessage, onmoved, onready }) {
    super(
      sharded,
      sharded
        ? ['sPublish', 'sSubscribe', 'sUnsubscribe']
        : ['publish', 'subscribe', 'unsubscribe']
    );
    this._template = client;
    this._isClosed = false;
    this._ondown = ondown;
    this._onmessage = (message, channel) => onmessage(`${channel}`, message);
    this._onmoved = onmoved;
    this._onready = onready;
    this._open();
  }

  /**
   * A client that has subscribed does so again when it is back, which for more
   * than some hundred sharded channels never ends (5.12: what the socket does not
   * take at once is forgotten). So there is a new one after each loss.
   */
  _open() {
    const client = this._template.duplicate({
      clientSideCache: undefined,
      disableOfflineQueue: true
    });
    const ending = new RedisEnding(client);
    let wasReady = false;

    this._client = client;
    this._ending = ending;
    this._endWait();
    client.on('connect', () => {
      if (client === this._client && !this._isClosed) this._awaitAnswer();
    });
    client.on('ready', () => {
      if (client !== this._client) return;
      this._endWait();
      wasReady = true;
      this._onready();
    });
    client.on('error', (err) => {
      if (client !== this._client) return;
      if (!client.isReady) this._endWait();
      if (client.isReady && isOutOfStep(err)) {
        this.renew(err);
        return;
      }
      if (wasReady && !client.isReady && !this._isClosed) {
        this._open();
        ending.end();
      }
      this._ondown(err);
    });
    client.on('sharded-channel-moved', () => this._onmoved());
    // An 'error' has told why.
    client.connect().catch(() => {});
  }

  get isReady() {
    return this._client.isReady;
  }

  renew(reason) {
    const ending = this._ending;

    this._open();
    ending.end();
    this._ondown(reason);
  }

  clusterInfo() {
    return this._client.sendCommand(['CLUSTER', 'INFO']);
  }

  async close() {
    this._isClosed = true;
    this._endWait();
    // Answered behind all that was sent before. Its own `close()` cannot be given up.
    if (this._client.isReady) await inTime(this._client.ping());
    this._ending.end();
  }

  _each(channels, method) {
    const call = (some) => this._client[method](some, this._onmessage, true);

    // Sharded channels are in several slots, which one command may not name
    // together.
    return this._isSharded ? Promise.all(channels.map(call)) : call(channels);
  }
}

/**
 * When a server ends a subscription by itself, as a slot moves, redis 5 takes
 * that for the answer to whichever command waits. In the end an answer finds no
 * command: redis forgets what it had read behind it, and goes on.
 */
function isOutOfStep(err) {
  return err instanceof TypeError;
}

/** What ioredis 5 says when a server has ended a subscription by itself. */
const UNASKED = /^Command queue state error\b/;

/** Of the package `ioredis`. */
class IoRedis extends RedisConnection {
  static isOne(client) {
    return isClient(client, ['connect', 'psubscribe', 'ssubscribe']);
  }

  /** See `NodeRedis`. */
  constructor(client, sharded, { ondown, onmessage, onmoved, onready }) {
    super(
      sharded,
      sharded
        ? ['spublish', 'ssubscribe', 'sunsubscribe']
        : ['publish', 'subscribe', 'unsubscribe']
    );
    this._client = client.duplicate({
      // A message that the broker has already passed on could be sent again.
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      enableAutoPipelining: false,
      enableOfflineQueue: false,
      // It would be put before the names of sharded channels, and stand before
      // them in messages.
      keyPrefix: '',
      lazyConnect: true,
      // Commands without an answer fail with the connection.
      maxRetriesPerRequest: 0
    });
    /** Sharded subscriptions without an answer. */
    this._asked = new Set();
    this._ondown = ondown;
    this._reason = undefined;
    this._client.on('connect', () => this._awaitAnswer());
    // Which subscription, and that it failed, is not said.
    this._client.on('moved', () => {
      for (const reject of this._asked) reject(movedError());
    });
    this._client.on('error', (err) => {
      // An answer that it has not asked for; it goes on.
      if (UNASKED.test(err.message)) {
        onmoved();
        return;
      }
      // It closes next, and counts as ready until then.
      if (this._client.status === 'ready') this._reason = err;
      else ondown(err);
    });
    this._client.on('close', () => {
      this._endWait();
      ondown(this._reason);
      this._reason = undefined;
    });
    this._client.on('ready', () => {
      this._endWait();
      onready();
    });
    this._client.on(
      sharded ? 'smessageBuffer' : 'messageBuffer',
      (channel, message) => onmessage(channel.toString(), message)
    );
    this._client.connect().catch(() => {});
  }

  get isReady() {
    const { status, stream } = this._client;

    // Between the end of its socket and 'close' its status says otherwise.
    return status === 'ready' && stream?.writable === true;
  }

  renew(reason) {
    this._reason = reason;
    this._client.disconnect(true);
  }

  clusterInfo() {
    return this._client.cluster('INFO');
  }

  async close() {
    this._endWait();
    if (this.isReady) await inTime(this._client.quit());
    this._client.disconnect();
  }

  _each(channels, method) {
    return this._isSharded
      ? Promise.all(channels.map((one) => this._ask(one, method)))
      : this._client[method](...channels);
  }

  _ask(channel, method) {
    const asked = this._asked;

    return new Promise((resolve, reject) => {
      asked.add(reject);
      this._client[method](channel)
        .then(resolve, reject)
        .finally(() => asked.delete(reject));
    });
  }
}

function movedError() {
  return new Error('MOVED The slot of a channel is that of another server');
}

/**
 * @param {Object} client Of one server
 * @return {Function|undefined} The class for it, if there is one
 */
function connectionFor(client) {
  return [NodeRedis, IoRedis].find((one) => one.isOne(client));
}

function isClient(client, methods) {
  return (
    typeof client === 'object' &&
    client !== null &&
    ['duplicate', 'publish', ...methods].every(
      (method) => typeof client[method] === 'function'
    )
  );
}

/** @param {Uint8Array} bytes */
function asBuffer(bytes) {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

module.exports = { asBuffer, connectionFor, IoRedis, isClient, NodeRedis };

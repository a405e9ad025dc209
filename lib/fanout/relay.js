'use strict';

const { randomBytes } = require('crypto');

const { decode, encode, ORIGIN_LENGTH } = require('./envelope');
const Interest = require('./interest');
const timers = require('../timers');

const METHODS = ['publish', 'subscribe', 'unsubscribe', 'close'];

/** The code of the error when the broker is away. */
const AWAY = 'WS_RS_BROKER_AWAY';

/** Bytes that a broker may not have taken yet; what comes on top is dropped. */
const MOST_PENDING = 64 * 1024 * 1024;

/**
 * Adapters that belong to some Topics already: an adapter knows one listener
 * for each name.
 */
const taken = new WeakSet();

/**
 * Exchanges messages with other processes through an adapter. Whatever the
 * adapter does, nothing is thrown here: `onerror` is called with it, in a tick
 * of its own.
 */
class Relay {
  /**
   * @param {Object} adapter `publish()`, `subscribe()`, `unsubscribe()`,
   *     `close()`; see docs/scaling.md
   * @param {Number} [maxPending] Bytes that the broker may be behind
   * @throws {TypeError|Error} It is of no use, or in use
   */
  constructor(adapter, maxPending = MOST_PENDING) {
    check(adapter);
    taken.add(adapter);

    /** Gets what other processes publish: name, data, options. */
    this.onmessage = null;
    /** Gets what goes wrong. */
    this.onerror = null;
    /** Called when the broker is back, with all subscriptions. */
    this.onreconnect = null;
    this._adapter = adapter;
    this._maxPending = maxPending;
    this._pending = 0;
    this._isBehind = false;
    /** What the last message failed with. */
    this._failure = null;
    this._isClosed = false;
    /** How often the broker has come or gone. */
    this._turns = 0;
    this._origin = randomBytes(ORIGIN_LENGTH);
    this._interest = new Interest(adapter, {
      onerror: (err) => this._fail(err),
      onmessage: (name, data) => this._receive(name, data)
    });

    adapter.on?.('error', (err) => {
      if (err?.code === AWAY) this._turns++;
      this._fail(err);
    });
    adapter.on?.('reconnect', () => this._reconnected());
  }

  /** What is published under a name is wanted here, or no longer. */
  want(name, isWanted) {
    this._interest.set(name, isWanted);
  }

  /** Resolves when the broker knows of all that is wanted. */
  ready() {
    return this._interest.ready();
  }

  /**
   * Gives a message to other processes. It is dropped if the broker is away.
   *
   * @param {String} name The topic
   * @param {SharedMessage} message The message
   */
  publish(name, message) {
    const { length } = message;

    if (this._pending > 0 && this._pending + length > this._maxPending) {
      if (!this._isBehind) this._fail(behind(this._pending));
      this._isBehind = true;
      return;
    }

    const result = attempt(() =>
      this._adapter.publish(name, encode(this._origin, message))
    );

    if (result === undefined) {
      this._failure = null;
      return;
    }

    this._pending += length;
    result.then(
      () => {
        this._failure = null;
        this._settled(length);
      },
      (err) => {
        this._settled(length);
        this._failAgain(asError(err));
      }
    );
  }

  /** @return {Promise} Resolved when the adapter is closed; never rejected */
  close() {
    this._isClosed = true;
    this._interest.close();
    return Promise.resolve(attempt(() => this._adapter.close())).catch((err) =>
      this._tell(err)
    );
  }

  _settled(length) {
    this._pending -= length;
    if (this._pending === 0) this._isBehind = false;
  }

  _receive(name, data) {
    if (this._isClosed) return;

    let message;

    try {
      message = decode(data, this._origin);
    } catch (err) {
      err.message += ` (topic ${JSON.stringify(name)})`;
      this._fail(err);
      return;
    }

    if (message === null) return;

    try {
      this.onmessage(name, message.data, message.options);
    } catch (err) {
      // Thrown by an "onBackpressure" of the program's, which is no fault of
      // the adapter.
      timers.nextTick(rethrow, err);
    }
  }

  _reconnected() {
    if (this._isClosed) return;

    const turn = ++this._turns;

    this._interest.retry().then(() => {
      // Behind the errors that came before it.
      timers.nextTick(() => {
        // It may be away again by now.
        if (!this._isClosed && turn === this._turns) this.onreconnect();
      });
    });
  }

  /**
   * Reports what messages fail with: once, though thousands may fail for one
   * reason.
   */
  _failAgain(err) {
    if (err.message === this._failure) return;

    this._failure = err.message;
    this._fail(err);
  }

  _fail(err) {
    if (!this._isClosed) this._tell(err);
  }

  _tell(err) {
    timers.nextTick(() => this.onerror(asError(err)));
  }
}

function check(adapter) {
  const missing = METHODS.filter(
    (method) => typeof adapter?.[method] !== 'function'
  );

  if (missing.length > 0) {
    throw new TypeError(
      'The option "adapter" is a RedisAdapter, NatsAdapter or ' +
        'BroadcastChannelAdapter, or an object with the same methods; this one ' +
        `has no ${missing.join('(), ')}()`
    );
  }
  // Clients of Redis have methods of the same names.
  if (
    typeof adapter.duplicate === 'function' &&
    typeof adapter.sendCommand === 'function'
  ) {
    throw new TypeError(
      'The option "adapter" is a client of Redis: write ' +
        'new Topics({ adapter: new RedisAdapter(client) })'
    );
  }
  if (taken.has(adapter)) {
    throw new Error(
      'This adapter belongs to other Topics already: make one for each'
    );
  }
}

/** What a method of an adapter gives: a promise, or nothing. */
function attempt(call) {
  try {
    const result = call();

    return typeof result?.then === 'function'
      ? Promise.resolve(result)
      : undefined;
  } catch (err) {
    return Promise.reject(err);
  }
}

function behind(bytes) {
  return Object.assign(
    new Error(
      `Messages are dropped for other processes: ${bytes} bytes wait already ` +
        'for a broker that takes them too slowly'
    ),
    { code: 'WS_RS_DROPPED' }
  );
}

function asError(err) {
  if (err instanceof Error && err.message !== '') return err;

  return new Error(`The adapter failed: ${nameOf(err)}`, { cause: err });
}

function nameOf(err) {
  try {
    // That of a command of redis 6 that took too long has no text.
    return err instanceof Error ? err.constructor.name : String(err);
  } catch {
    // An object without a prototype, for one.
    return typeof err;
  }
}

function rethrow(err) {
  throw err;
}

module.exports = Relay;

'use strict';

const given = require('../given');
const { BrokerAdapter, checkPrefix } = require('./broker-adapter');
const { inTime } = require('./in-time');
const { tokenOf } = require('./names');
const checkNames = require('../option-names');

const METHODS = ['publish', 'subscribe', 'flush', 'status', 'isClosed'];

/**
 * Exchanges messages over NATS, on a connection that the program has made with
 * `@nats-io/transport-node`. It stays open when the adapter is closed.
 */
class NatsAdapter extends BrokerAdapter {
  /**
   * @param {Object} connection What `connect()` resolves to
   * @param {Object} [options]
   * @param {String} [options.prefix='ws-rs.'] What all subjects begin with
   * @throws {TypeError} That is no connection, no prefix for subjects, or no option
   */
  constructor(connection, options = {}) {
    super();
    checkConnection(connection);
    checkNames(options, ['prefix'], 'A NatsAdapter has no option');

    const prefix = given(options, 'prefix', 'ws-rs.');

    if (/[\s*>]|^\.|\.\./.test(checkPrefix(prefix))) {
      throw new TypeError(
        'The option "prefix" of a NatsAdapter begins a subject, such as ' +
          `"chat.": it has no spaces, wildcards or empty parts`
      );
    }

    this._connection = connection;
    this._prefix = prefix;
    this._subscriptions = new Map();
    this._flushing = null;
    this._status = connection.status();
    this._watch(this._status).catch(() => this._closed());
  }

  publish(name, bytes) {
    const connection = this._connection;

    if (this._isAway || connection.isClosed()) {
      this._lost();
      return;
    }

    const most = connection.info?.max_payload;

    if (bytes.length > most) {
      throw Object.assign(
        new Error(
          `A message of ${bytes.length} bytes reaches this process only: the ` +
            `NATS server takes ${most}, which is its setting "max_payload"`
        ),
        { code: 'WS_RS_DROPPED' }
      );
    }

    connection.publish(this._subjectOf(name), bytes);
    return this._taken();
  }

  async subscribe(name, listener) {
    if (this._isAway || this._connection.isClosed()) throw this._lost();

    const entry = { isKnown: false, listener, name, refusal: null };

    this._ask(entry);
    // Who closes meanwhile finds it.
    this._subscriptions.set(name, entry);

    try {
      await this._connection.flush();
    } catch (err) {
      this._forget(entry);
      throw this._lost(err);
    }

    if (entry.refusal !== null) {
      this._forget(entry);
      throw entry.refusal;
    }
    entry.isKnown = true;
  }

  unsubscribe(name) {
    const entry = this._subscriptions.get(name);

    if (entry !== undefined) this._forget(entry);
  }

  async close() {
    this._isClosed = true;
    for (const entry of [...this._subscriptions.values()]) this._forget(entry);
    this._status.stop?.();
    // What was published before has left once the server has taken it.
    if (!this._isAway) await inTime(this._taken());
  }

  /** Has the client subscribe, which it does again by itself after an outage. */
  _ask(entry) {
    entry.refusal = null;
    entry.subscription = this._connection.subscribe(
      this._subjectOf(entry.name),
      {
        callback: (err, message) => {
          if (err) this._refused(entry, err);
          else entry.listener(message.data);
        }
      }
    );
  }

  /** What was refused once the client does not subscribe to again. */
  _askAgain() {
    for (const entry of this._subscriptions.values()) {
      if (entry.refusal === null) continue;

      try {
        this._ask(entry);
      } catch (err) {
        // The connection is being closed.
        this._refused(entry, err);
      }
    }
  }

  /** The server does not let us have it, and the client has given it up. */
  _refused(entry, err) {
    entry.refusal = err;
    if (entry.isKnown && !this._isClosed) this.emit('error', err);
  }

  _forget(entry) {
    this._subscriptions.delete(entry.name);
    entry.subscription.unsubscribe();
  }

  _subjectOf(name) {
    return this._prefix + tokenOf(name);
  }

  /** When the server has taken what was published, which it does not say itself. */
  _taken() {
    const done = () => {
      this._flushing = null;
    };

    // If the connection breaks, its status says so.
    this._flushing ??= flush(this._connection).then(done, done);
    return this._flushing;
  }

  async _watch(status) {
    for await (const event of status) {
      if (this._isClosed) return;
      this._look(event);
    }

    this._closed();
  }

  _look({ error, type }) {
    if (type === 'disconnect') {
      this._lost(new Error('NATS: disconnected'));
    } else if (type === 'reconnect') {
      // It has subscribed again, and is answered behind that.
      this._askAgain();
      flush(this._connection).then(
        () => this._found(),
        () => {}
      );
    } else if (
      type === 'error' &&
      error?.operation === 'publish' &&
      error.subject.startsWith(this._prefix)
    ) {
      this.emit('error', error);
    }
  }

  /** For good: the client has given up, or the program has closed it. */
  _closed() {
    this._lost(new Error('NATS: the connection was closed'));
  }
}

async function flush(connection) {
  await connection.flush();
}

function checkConnection(connection) {
  if (METHODS.every((method) => typeof connection?.[method] === 'function')) {
    return;
  }

  throw new TypeError(
    typeof connection?.then === 'function'
      ? 'A NatsAdapter takes a connection, not its promise: await connect()'
      : 'A NatsAdapter takes a connection of @nats-io/transport-node: ' +
          'new NatsAdapter(await connect({ servers }))'
  );
}

module.exports = NatsAdapter;

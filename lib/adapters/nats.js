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

    let refused = null;
    const subscription = this._connection.subscribe(this._subjectOf(name), {
      callback: (err, message) => {
        if (err) refused = err;
        else listener(message.data);
      }
    });

    try {
      await this._connection.flush();
    } catch (err) {
      subscription.unsubscribe();
      throw this._lost(err);
    }

    if (refused !== null) throw refused;
    this._subscriptions.set(name, subscription);
  }

  unsubscribe(name) {
    this._subscriptions.get(name)?.unsubscribe();
    this._subscriptions.delete(name);
  }

  async close() {
    this._isClosed = true;
    for (const one of this._subscriptions.values()) one.unsubscribe();
    this._subscriptions.clear();
    this._status.stop?.();
    // What was published before has left once the server has taken it.
    if (!this._isAway) await inTime(this._taken());
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

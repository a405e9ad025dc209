'use strict';

const EventEmitter = require('events');

/**
 * What adapters over a broker have in common: `'error'` once when the broker is
 * lost, `'reconnect'` when it is back.
 */
class BrokerAdapter extends EventEmitter {
  constructor() {
    super();
    this._isAway = false;
    this._isClosed = false;
  }

  /** Whether the broker, or a part of it, cannot be reached. */
  get isAway() {
    return this._isAway;
  }

  /**
   * The broker is away.
   *
   * @param {Error} [cause] Why
   * @return {Error} For a method that cannot do its work meanwhile
   */
  _lost(cause) {
    const error = away(cause);

    if (!this._isAway && !this._isClosed) {
      this._isAway = true;
      this.emit('error', error);
    }

    return error;
  }

  /** The broker is back, with all subscriptions. */
  _found() {
    if (!this._isAway || this._isClosed) return;

    this._isAway = false;
    this.emit('reconnect');
  }
}

function away(cause) {
  const reason = cause?.message || cause?.code;

  return Object.assign(
    new Error(
      'The broker is away: what is published reaches this process only ' +
        `until it is back${reason ? ` (${reason})` : ''}`,
      { cause }
    ),
    { code: 'WS_RS_BROKER_AWAY' }
  );
}

/**
 * @param {*} prefix An option
 * @return {String} The same
 * @throws {TypeError} It is no string
 */
function checkPrefix(prefix) {
  if (typeof prefix !== 'string' || !prefix.isWellFormed()) {
    throw new TypeError('The option "prefix" of an adapter is a string');
  }
  return prefix;
}

module.exports = { BrokerAdapter, checkPrefix };

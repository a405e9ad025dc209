'use strict';

const diagnostics = require('../diagnostics');
const given = require('../given');
const native = require('../native');
const { DROPPED } = require('../native/numbers').meter;
const timers = require('../timers');
const { byteLength } = require('./payload');

/** The peer is told "try again later". */
const TOO_SLOW = 1013;

/** What can be done with a message for a peer that does not read. */
const ACTIONS = ['close', 'drop', 'queue'];

/** What a connection does with messages that its peer is too slow for. */
class BackPressure {
  /**
   * Looks at the options of a server.
   *
   * @param {Object} options `maxBackpressure`, `onBackpressure`
   * @throws {TypeError|RangeError} One of them is of no use
   */
  static check(options) {
    const most = given(options, 'maxBackpressure');
    const action = given(options, 'onBackpressure');
    const isGiven = most !== undefined && most !== null;

    if (isGiven && typeof most !== 'number') {
      throw new TypeError(
        'The option "maxBackpressure" is a number of bytes, not ' +
          (typeof most === 'string' ? `"${most}"` : String(most))
      );
    }

    if (isGiven && !(most > 0)) {
      throw new RangeError(
        'The option "maxBackpressure" is a number of bytes above 0, not ' +
          String(most)
      );
    }

    if (action === undefined || action === null) return;

    if (!isGiven) {
      throw new TypeError(
        '"onBackpressure" needs the option "maxBackpressure"'
      );
    }

    if (
      typeof action !== 'function' &&
      action !== 'close' &&
      action !== 'drop'
    ) {
      throw new TypeError(
        'The option "onBackpressure" is "close", "drop" or a function that ' +
          'returns what to do, not ' +
          (typeof action === 'string' ? `"${action}"` : String(action))
      );
    }
  }

  /**
   * @param {WebSocket} websocket A server's
   * @param {Object} options Those of the server
   * @return {BackPressure|null} `null` if there is no limit
   */
  static of(websocket, options) {
    if (options.maxBackpressure === undefined) return null;

    const most = given(options, 'maxBackpressure');

    if (typeof most !== 'number') return null;

    const action = given(options, 'onBackpressure') ?? 'close';

    return new BackPressure(websocket, most, action);
  }

  constructor(websocket, most, action) {
    this._websocket = websocket;
    this._output = null;
    this._most = most;
    this._action = action;
    /** Whether the program is to be told when nothing waits any more. */
    this._isOver = false;
  }

  /** The connection is open. */
  attach(output) {
    this._output = output;
    output.backPressure = this;
    output.onempty = (peak) => this._onEmpty(peak);
    native.connectionLimit(output.id, this._most);
  }

  /**
   * As `admits()`, of what `send()` is given. The end of a fragmented message may
   * not be left out.
   */
  admitsSend(payload, callback) {
    const { sender } = this._output;

    return (
      (sender !== null && sender.isWithinMessage) ||
      this.admits(payload, callback)
    );
  }

  /**
   * Asks whether a whole message may be queued, and does what is to be done if
   * not.
   *
   * @param {(String|Buffer|Blob)} payload The message
   * @param {Function} [callback] Gets the error if not
   * @return {Boolean} Whether it may
   */
  admits(payload, callback) {
    const bytes = this._websocket.bufferedAmount;
    const length = byteLength(payload);

    if (bytes + length <= this._most) return true;

    if (bytes === 0) {
      // One message alone is always sent. Is it written with this tick?
      timers.nextTick(() => {
        this._isOver ||= this._websocket.bufferedAmount > this._most;
      });
      return true;
    }

    this._isOver = true;

    const action = this._act(bytes);

    if (diagnostics.backpressure.hasSubscribers) {
      const websocket = this._websocket;

      diagnostics.backpressure.publish({ action, bytes, length, websocket });
    }

    if (action === 'queue') return true;

    native.meterNote(this._output.id, DROPPED);

    if (typeof callback === 'function') {
      timers.nextTick(callback, dropped(bytes));
    }
    return false;
  }

  _act(bytes) {
    const ws = this._websocket;
    const action =
      typeof this._action === 'function'
        ? this._action(ws, bytes)
        : this._action;

    if (!ACTIONS.includes(action)) {
      throw new TypeError(
        'The function "onBackpressure" returns "close", "drop" or "queue", ' +
          `not ${String(action)}`
      );
    }

    // Behind what waits; the socket is destroyed if that takes too long.
    if (action === 'close') ws.close(TOO_SLOW, 'Too slow');

    return action;
  }

  /** Nothing waits any more; `peak` is how much did, if that is known. */
  _onEmpty(peak = 0) {
    if (!this._isOver && peak <= this._most) return;
    if (this._websocket.bufferedAmount > 0) return;

    this._isOver = true;
    // The program may be within `send()`, which is not to throw what a listener
    // throws, nor to have it send before what is sent here.
    timers.nextTick(() => this._tellDrained());
  }

  _tellDrained() {
    const ws = this._websocket;

    if (!this._isOver || ws.bufferedAmount > 0) return;

    this._isOver = false;
    if (ws.readyState === ws.OPEN) ws.emit('drain');
  }
}

function dropped(bytes) {
  return Object.assign(
    new Error(
      `The message was dropped: ${bytes} bytes wait already for a peer that ` +
        'reads too slowly'
    ),
    { code: 'WS_RS_DROPPED' }
  );
}

module.exports = BackPressure;

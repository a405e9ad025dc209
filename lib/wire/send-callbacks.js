'use strict';

const inContextOfNow = require('./context-of-now');
const timers = require('../timers');
const { kLate, THREW } = require('./thrown-in-context');

/** A callback of a frame that is not written yet. */
class PendingCallback {
  constructor(callback) {
    this._callback = callback;
    this._err = undefined;
    /** Whether the tick of its send has come. */
    this.isDue = false;
    /**
     * Whether it may be called before its tick: in the async context of whoever sent
     * whoever calls, or as the stream writes the frame within its send.
     */
    this.isOwn = false;
    /** Whether the frame would be one `write()` with ws, too. */
    this.isOneWrite = false;
    this._isWritten = false;
    this._isBound = false;
  }

  /** The frame was written, or cannot be. */
  written(err) {
    this._err = err;
    this._isWritten = true;
  }

  /**
   * Calls back, once; nothing of the program is kept.
   *
   * @return {*} `THREW` if it is late and threw
   */
  call() {
    const callback = this._callback;

    this._callback = null;
    return callback(this._err);
  }

  /**
   * In the tick after a send, in the async context of whoever sent: calls back if
   * the frame was written, else keeps the context until it is.
   */
  come() {
    const callback = this._callback;

    this.isDue = true;
    if (callback === null) return;

    if (this._isWritten) this.call();
    else this._bind();
  }

  /** Keeps the async context of whoever sends, so that anybody may call. */
  own() {
    this._bind();
    this.isOwn = true;
  }

  _bind() {
    if (this._isBound) return;

    const callback = this._callback;

    this._isBound = true;
    this._callback = callback[kLate] ?? inContextOfNow(callback)[kLate];
  }
}

/**
 * @param {Array|null} callbacks Pending ones
 * @param {StreamWriter} [writer] Whose stream calls: it knows whether a callback need
 *     not wait for its tick
 * @return {Function|undefined} One callback for all; each gets the error, if any. It
 *     returns `false` if one threw: the others are called later
 */
function settle(callbacks, writer) {
  if (callbacks === null) return undefined;

  return function next(err, from = 0) {
    for (let i = from; i < callbacks.length; i++) {
      const pending = callbacks[i];

      pending.written(err);

      if (!pending.isDue && !writer?.passTick(pending, err)) continue;
      if (pending.call() !== THREW) continue;

      timers.setImmediate(next, err, i + 1);
      return false;
    }

    return true;
  };
}

function inContext(pending) {
  pending.come();
}

module.exports = { inContext, PendingCallback, settle };

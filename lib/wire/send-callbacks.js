'use strict';

const { asyncHooks } = require('../builtins');
const timers = require('../timers');
const { kLate, THREW, thrownInContext } = require('./thrown-in-context');

const { AsyncResource } = asyncHooks;

/**
 * A callback of a frame that is not written yet; `isOwn` says that the stream
 * writes the frame within its send, so that it calls back in the async context of
 * whoever sent.
 */
function pendingCallback(callback) {
  return {
    callback,
    err: undefined,
    isDue: false,
    isOwn: false,
    isWritten: false
  };
}

/**
 * Runs in the tick after a send, in the async context of whoever sent: calls
 * back there if the frame was written, else keeps the context until it is.
 */
function inContext(pending) {
  const { callback } = pending;

  pending.isDue = true;
  if (callback === null) return;

  if (pending.isWritten) {
    callback(pending.err);
  } else {
    pending.callback =
      callback[kLate] ?? AsyncResource.bind(thrownInContext(callback));
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

      pending.err = err;
      pending.isWritten = true;

      if (pending.isDue) {
        if (pending.callback(err) !== THREW) continue;
        timers.setImmediate(next, err, i + 1);
        return false;
      }

      // It is the last: whoever sent has had the stream take what waited.
      if (writer?.callsAtOnce(pending)) {
        const { callback } = pending;

        pending.callback = null;
        callback(err);
      }
    }

    return true;
  };
}

module.exports = { inContext, pendingCallback, settle };

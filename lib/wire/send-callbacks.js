'use strict';

const { asyncHooks } = require('../builtins');
const timers = require('../timers');
const { kLate, THREW, thrownInContext } = require('./thrown-in-context');

const { AsyncResource } = asyncHooks;

/** A callback of a frame that is not written yet. */
function pendingCallback(callback) {
  return { callback, err: undefined, isDue: false, isWritten: false };
}

/**
 * Runs in the tick after a send, in the async context of whoever sent: calls
 * back there if the frame was written, else keeps the context until it is.
 */
function inContext(pending) {
  const { callback } = pending;

  if (pending.isWritten) {
    callback(pending.err);
  } else {
    pending.isDue = true;
    pending.callback =
      callback[kLate] ?? AsyncResource.bind(thrownInContext(callback));
  }
}

/**
 * @param {Array|null} callbacks Pending ones
 * @return {Function|undefined} One callback for all; each gets the error, if any. It
 *     returns `false` if one threw: the others are called later
 */
function settle(callbacks) {
  if (callbacks === null) return undefined;

  return function next(err, from = 0) {
    for (let i = from; i < callbacks.length; i++) {
      const pending = callbacks[i];

      pending.err = err;
      pending.isWritten = true;

      if (pending.isDue && pending.callback(err) === THREW) {
        timers.setImmediate(next, err, i + 1);
        return false;
      }
    }

    return true;
  };
}

module.exports = { inContext, pendingCallback, settle };

'use strict';

const { asyncHooks } = require('../builtins');
const timers = require('../timers');

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
  if (pending.isWritten) {
    pending.callback(pending.err);
  } else {
    pending.isDue = true;
    pending.callback = AsyncResource.bind(pending.callback);
  }
}

/** One callback for many; each gets the error, if any. */
function settle(callbacks) {
  if (callbacks === null) return undefined;

  return function next(err, from = 0) {
    for (let i = from; i < callbacks.length; i++) {
      const pending = callbacks[i];
      let thrown = true;

      pending.err = err;
      pending.isWritten = true;

      try {
        if (pending.isDue) pending.callback(err);
        thrown = false;
      } finally {
        // One that throws must not keep the others from being called.
        if (thrown) timers.setImmediate(next, err, i + 1);
      }
    }
  };
}

module.exports = { inContext, pendingCallback, settle };

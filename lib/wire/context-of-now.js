'use strict';

const { asyncHooks } = require('../builtins');
const { kLate, thrownInContext } = require('./thrown-in-context');

const { AsyncResource } = asyncHooks;

/**
 * As `AsyncResource.bind()`, which takes 10 µs on Node 20.
 *
 * @param {Function} callback Called once, later
 * @return {Function} Calls it in the async context of now; as its `kLate`, a function
 *     that has it throw there as well
 */
function inContextOfNow(callback) {
  // One that waited to be collected would be seen as an open handle.
  const context = new AsyncResource('WsRsSend', { requireManualDestroy: true });

  function run(body, args) {
    try {
      return context.runInAsyncScope(body, undefined, ...args);
    } finally {
      context.emitDestroy();
    }
  }

  const call = (...args) => {
    run(callback, args);
  };

  call[kLate] = (...args) => run(thrownInContext(callback), args);
  return call;
}

module.exports = inContextOfNow;

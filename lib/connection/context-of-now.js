'use strict';

const { asyncHooks } = require('../builtins');
const { thrownInContext } = require('../wire/thrown-in-context');

const { AsyncResource } = asyncHooks;

/**
 * @param {Function} callback Called once, later
 * @return {Function} Calls it in the async context of now, in which is thrown what it
 *     throws
 */
function inContextOfNow(callback) {
  // One that waited to be collected would be seen as an open handle.
  const context = new AsyncResource('WsRsSend', { requireManualDestroy: true });
  const call = thrownInContext(callback);

  return (...args) => {
    try {
      return context.runInAsyncScope(call, undefined, ...args);
    } finally {
      context.emitDestroy();
    }
  };
}

module.exports = inContextOfNow;

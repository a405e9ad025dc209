'use strict';
const { asyncHooks } = require('../builtins');

const { AsyncResource } = asyncHooks;

/**
 * @param {Function} callback Called once, later
 * @return {Function} Calls it in the async context of now
 */
function inContextOfNow(callback) {
  // One that waited to be collected would be seen as an open handle.
  const context = new AsyncResource('WsRsSend', { requireManualDestroy: true });

  return (...args) => {
    try {
      context.runInAsyncScope(callback, undefined, ...args);
    } finally {
      context.emitDestroy();
    }
  };
}

module.exports = inContextOfNow;

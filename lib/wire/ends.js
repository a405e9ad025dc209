'use strict';

const { asyncHooks } = require('../builtins');
const native = require('../native');

const { AsyncResource } = asyncHooks;

/** Whether this process may have both ends of some connection; else nobody sees in which order they close. */
let hasBothEnds = false;
/** What is to be called, in this moment and the next. */
let queue = [];
let first = 0;

/**
 * Calls back when libuv would write a socket's end that it is given now: behind what
 * it has polled for in this turn of the loop, or behind its timers. So sockets whose
 * ends are written here close in one order with each other, and with those of Node.
 *
 * @param {Function} callback Called in the async context of now
 * @return {Boolean} `false`: it is not called, as that cannot be, or nobody would see it
 */
function atEnd(callback) {
  if (!hasBothEnds || native.loopAfterPoll() !== 1) return false;

  const resource = new AsyncResource('SHUTDOWNWRAP', {
    requireManualDestroy: true
  });

  queue.push({ callback, resource });
  return true;
}

/** Called once for each callback. */
function onPolled() {
  const { callback, resource } = queue[first];

  queue[first++] = undefined;
  if (first === queue.length) {
    queue = [];
    first = 0;
  }

  resource.runInAsyncScope(callback);
  resource.emitDestroy();
}

/** A client of this process is on its way to this machine. */
function expectBothEnds() {
  hasBothEnds = true;
}

module.exports = { atEnd, expectBothEnds, onPolled };

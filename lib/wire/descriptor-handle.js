'use strict';

const { asyncHooks } = require('../builtins');
const native = require('../native');
const takeHandle = require('./taken-handle');

const { AsyncResource } = asyncHooks;

/** What Node's handle classes are told for a socket that is connected. */
const SOCKET = 0;

let nowhere = null;

/**
 * Keeps the async context of the event loop itself, in which Node makes the
 * handles of what it accepts, for handles that are made later: they are not to
 * get the context of whoever needs them. To be called from the event loop,
 * before any of a program's code.
 */
function keepContext() {
  nowhere ??= new AsyncResource('WSRSHANDLE', { requireManualDestroy: true });
}

/**
 * Makes Node's handle for a connection that was accepted without one, which closes
 * the descriptor from then on.
 *
 * @param {Number} id The native half
 * @param {Function} Handle The class
 * @return {Object} The handle, which nobody reads
 */
function makeHandle(id, Handle) {
  return nowhere.runInAsyncScope(() => {
    const handle = new Handle(SOCKET);

    handle[takeHandle.kConnection] = id;

    // A handle that cannot be opened answers every call with an error.
    if (handle.open(native.descriptorOf(id)) === 0) native.descriptorGive(id);

    return handle;
  });
}

module.exports = { keepContext, makeHandle };

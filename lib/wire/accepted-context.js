'use strict';

const { asyncHooks } = require('../builtins');
const native = require('../native');

const { AsyncResource, executionAsyncId } = asyncHooks;

/** By server: the async id of its listening handle. */
const triggers = new WeakMap();

/**
 * Notes what triggers the connections of a server. To be called while it
 * listens.
 *
 * @param {net.Server} server The server
 */
function noteServer(server) {
  const trigger = server._handle?.getAsyncId?.();

  // In a worker of a cluster the listening handle is none of Node's.
  if (trigger !== undefined) triggers.set(server, trigger);
}

/**
 * Makes the async context of a connection that a server accepted. Who follows
 * triggers, as node:test does, comes to the server, and to who had it listen. To be
 * called from the event loop.
 *
 * @param {Number} id The connection
 * @param {net.Server|null} server Its server
 * @param {Object} [handle] Node's handle, if it has one: what a listener enters is
 *     then there when Node calls for that, as when it is closed
 */
function makeContext(id, server, handle) {
  const triggerAsyncId = server ? triggers.get(server) : undefined;

  // Not where JavaScript runs already, as the stores of that would be the
  // connection's.
  if (triggerAsyncId === undefined || executionAsyncId() !== 0) return;

  const resource = new AsyncResource('WSRSSERVER', {
    requireManualDestroy: true,
    triggerAsyncId
  });

  resource.runInAsyncScope(native.captureContext, native, id, handle);
  // The context works on. One for all connections could not be used: nobody
  // would know when the last one came.
  resource.emitDestroy();
}

module.exports = { makeContext, noteServer };

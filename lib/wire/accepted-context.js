'use strict';

const { asyncHooks } = require('../builtins');
const native = require('../native');

const { AsyncResource, executionAsyncId } = asyncHooks;

/** By server: the async id of what it listens on. */
const triggers = new WeakMap();

/**
 * Notes what the connections of a server come from. To be called while it listens.
 *
 * @param {net.Server} server The server
 */
function noteServer(server) {
  const trigger = server._handle?.getAsyncId?.();

  // That of a worker of a cluster is none of Node's.
  if (trigger !== undefined) triggers.set(server, trigger);
}

/**
 * Makes the async context of a connection that a server accepted. Who follows
 * triggers, as node:test does, comes to the server, and to who had it listen. To be
 * called from the event loop.
 *
 * @param {Number} id The connection
 * @param {net.Server|null} server Its server
 */
function makeContext(id, server) {
  const triggerAsyncId = server ? triggers.get(server) : undefined;

  // Where JavaScript runs already its stores are not to be those of all connections.
  if (triggerAsyncId === undefined || executionAsyncId() !== 0) return;

  const resource = new AsyncResource('WSRSSERVER', {
    requireManualDestroy: true,
    triggerAsyncId
  });

  resource.runInAsyncScope(native.captureContext, native, id);
  // Of one for all nobody would know when the last connection came.
  resource.emitDestroy();
}

module.exports = { makeContext, noteServer };

'use strict';

const { asyncHooks } = require('../builtins');
const native = require('../native');

const { AsyncResource, executionAsyncId } = asyncHooks;

/** By server: the async id of what it listens on, and the resource that is triggered by that. */
const origins = new WeakMap();

/**
 * Notes what the connections of a server come from. To be called while it listens.
 *
 * @param {net.Server} server The server
 */
function noteServer(server) {
  const trigger = server._handle?.getAsyncId?.();

  // That of a worker of a cluster is none of Node's.
  if (trigger === undefined || origins.get(server)?.trigger === trigger) return;

  origins.set(server, { trigger, resource: null });
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
  const origin = server ? origins.get(server) : undefined;

  // Where JavaScript runs already its stores are not to be those of all connections.
  if (origin === undefined || executionAsyncId() !== 0) return;

  origin.resource ??= new AsyncResource('WSRSSERVER', {
    requireManualDestroy: true,
    triggerAsyncId: origin.trigger
  });
  origin.resource.runInAsyncScope(native.captureContext, native, id);
}

module.exports = { makeContext, noteServer };

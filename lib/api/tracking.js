'use strict';

const EventEmitter = require('events');

const { Listeners, withFirst } = require('./listeners');
const { kOnClosed } = require('../members');

/** On a connection: the server that has it among its `clients`. */
const kServer = Symbol('ws-rs.server');

const { on } = EventEmitter.prototype;
const TrackedListeners = withFirst(untrack);

/**
 * Has a server hear when one of its connections is closed.
 *
 * @param {WebSocketServer} server The server
 * @param {WebSocket} ws The connection
 */
function track(server, ws) {
  ws[kServer] = server;

  if (
    ws._eventsCount === 0 &&
    hasNodesOn(ws) &&
    ws._events instanceof Listeners
  ) {
    ws._events = new TrackedListeners();
    ws._eventsCount = 1;
  } else {
    ws.on('close', untrack);
  }
}

/** Whether nobody sees which listeners are added. */
function hasNodesOn(ws) {
  return ws.on === on && EventEmitter.prototype.addListener === on;
}

/** A connection is closed. */
function untrack() {
  this[kServer][kOnClosed](this);
}

module.exports = track;

'use strict';

const { debuglog } = require('util');

const log = debuglog('ws-rs');

/** Numbers that are easier to read than ids. */
const numbers = new WeakMap();
let count = 0;

/**
 * Says which transport a connection takes and why, for programs that are
 * started with `NODE_DEBUG=ws-rs`. Nothing is put together for others.
 *
 * @param {Connection} connection The connection
 * @param {String} what What becomes of it
 */
function trace(connection, what) {
  if (!log.enabled) return;

  const { socket, websocket } = connection;

  if (!numbers.has(websocket)) numbers.set(websocket, ++count);

  const side = websocket._isServer ? 'server' : 'client';
  const peer = socket.remoteAddress
    ? `, peer ${socket.remoteAddress} port ${socket.remotePort}`
    : '';

  log('connection %d (%s%s): %s', numbers.get(websocket), side, peer, what);
}

module.exports = trace;

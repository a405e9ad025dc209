'use strict';

const { debuglog } = require('util');

const log = debuglog('ws-rs');

/**
 * Says which transport a connection takes and why, for programs that are
 * started with `NODE_DEBUG=ws-rs`. Nothing is put together for others.
 *
 * @param {Connection} connection The connection
 * @param {String} what What becomes of it
 */
function trace(connection, what) {
  if (!log.enabled) return;

  const { decoder, socket, websocket } = connection;
  const side = websocket._isServer ? 'server' : 'client';
  const peer = socket.remoteAddress
    ? `, peer ${socket.remoteAddress} port ${socket.remotePort}`
    : '';

  log('connection %d (%s%s): %s', decoder.id, side, peer, what);
}

module.exports = trace;

'use strict';
const { util } = require('../builtins');

const { debuglog } = util;

const log = debuglog('ws-rs');

/** Numbers that are easier to read than ids. */
const numbers = new WeakMap();
let count = 0;

/**
 * Says which transport a connection takes and why, for programs that are
 * started with `NODE_DEBUG=ws-rs`. Nothing is put together for others.
 *
 * @param {Connection} connection The connection
 * @param {String} what What becomes of it, with `%s` for the transport that it
 *     has now
 */
function trace(connection, what) {
  if (!log.enabled) return;

  const { socket, websocket } = connection;

  if (!numbers.has(websocket)) numbers.set(websocket, ++count);

  const side = websocket._isServer ? 'server' : 'client';
  const number = numbers.get(websocket);
  const news = what.replace('%s', connection.transport);

  log('connection %d (%s%s): %s', number, side, peerOf(socket), news);
}

/**
 * Says why a connection of a server did not get to its request.
 *
 * @param {Error} err What went wrong with its TLS handshake
 * @param {net.Socket} socket Its socket
 */
trace.handshake = (err, socket) => {
  if (!log.enabled) return;

  const cause = err.code === undefined ? '' : `${err.code}, `;

  log(
    'TLS handshake (server%s) failed: %s',
    peerOf(socket),
    cause + err.message
  );
};

/** @return {Boolean} Whether somebody reads it */
trace.isEnabled = () => log.enabled;

function peerOf({ remoteAddress, remotePort }) {
  return remoteAddress ? `, peer ${remoteAddress} port ${remotePort}` : '';
}

module.exports = trace;

'use strict';

const { arrive } = require('../accept/neighbours');
const { CLOSING } = require('../constants').READY_STATE;
const { publishError } = require('../diagnostics');
const timers = require('../timers');

/**
 * Fails a WebSocket that is CONNECTING: frees the connection and emits
 * `'error'` and `'close'` in a later tick.
 *
 * @param {WebSocket} websocket The WebSocket, CLOSING afterwards
 * @param {http.ClientRequest|stream.Duplex} requestOrSocket The pending
 *     request or, once the response was received, the socket
 * @param {String} message The error message
 */
function abortHandshake(websocket, requestOrSocket, message) {
  const err = new Error(message);

  Error.captureStackTrace(err, abortHandshake);
  websocket._readyState = CLOSING;

  if (typeof requestOrSocket.setHeader === 'function') {
    // A socket that is never assigned to the request is never closed, either.
    arrive(requestOrSocket);
    requestOrSocket.destroy();

    const { socket } = requestOrSocket;

    // A request whose response has ended does not destroy its socket. That of a
    // mock may not be destroyed twice.
    if (socket && !socket.destroyed) socket.destroy();
    timers.tickOfProgram(emitErrorAndClose, websocket, err);
    return;
  }

  let isTold = false;
  const tell = () => {
    if (isTold) return;

    isTold = true;
    emitError(websocket, err);
  };

  // Behind what other listeners hear of the socket. One that is being destroyed
  // has no error.
  requestOrSocket
    .on('error', tell)
    .once('close', () => {
      tell();
      websocket.emitClose();
    })
    .destroy(err);
}

/**
 * Emits `'error'` and then `'close'` on a WebSocket that never had a socket.
 *
 * @param {WebSocket} websocket The WebSocket
 * @param {Error} err The error
 */
function emitErrorAndClose(websocket, err) {
  websocket._readyState = CLOSING;
  emitError(websocket, err);
  websocket.emitClose();
}

function emitError(websocket, err) {
  websocket._errorEmitted = true;
  publishError(websocket, err);
  websocket.emit('error', err);
}

module.exports = { abortHandshake, emitErrorAndClose };

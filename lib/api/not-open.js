'use strict';

const { Buffer } = require('buffer');

const { READY_STATE } = require('../constants');
const { toPayload } = require('../connection/payload');
const timers = require('../timers');
const { isBlob } = require('../validation');

/** The names of the ready states, by number. */
const NAMES = Object.keys(READY_STATE);

/** What `send()`, `ping()` and `pong()` answer unless the state is `OPEN`. */
function notOpenError({ readyState: state }) {
  return new Error(
    `WebSocket is not open: readyState ${state} (${NAMES[state]})`
  );
}

/** Counts what cannot be sent any more, as the WHATWG interface does. */
function sendAfterClose(websocket, data, cb) {
  if (data) {
    const length = isBlob(data) ? data.size : byteLength(data);

    // With a socket `bufferedAmount` is what the socket and the sender count.
    if (websocket._socket) websocket._sender._bufferedBytes += length;
    else websocket._bufferedAmount += length;
  }

  if (!cb) return;

  websocket._sender?.outbox?.beforeCallback();
  timers.tickOfProgram(cb, notOpenError(websocket));
}

function byteLength(data) {
  return typeof data === 'string'
    ? Buffer.byteLength(data)
    : toPayload(data).length;
}

module.exports = { notOpenError, sendAfterClose };

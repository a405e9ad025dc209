'use strict';

const EventEmitter = require('events');

const { emit } = EventEmitter.prototype;

/**
 * Whether it is Node's: `domain` and tools that watch programs put others in its
 * place, which do not handle this symbol of Node's own module themselves.
 */
const isOwnEmit = String(emit).includes('kErrorMonitor');

/**
 * Emits `'message'`.
 *
 * `emit()` can be called with any event; knowing which it is saves most of what
 * it takes. Whoever has put an `emit()` of their own there gets it called.
 *
 * @param {WebSocket} websocket Whose message it is
 * @param {*} data The message, in the form that `binaryType` asks for
 * @param {Boolean} isBinary Whether it is binary
 */
function emitMessage(websocket, data, isBinary) {
  const listener = websocket._events.message;

  if (
    typeof listener === 'function' &&
    isOwnEmit &&
    websocket.emit === emit &&
    !EventEmitter.captureRejections
  ) {
    listener.call(websocket, data, isBinary);
  } else {
    websocket.emit('message', data, isBinary);
  }
}

module.exports = emitMessage;

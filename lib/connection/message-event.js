'use strict';

const EventEmitter = require('events');

const { emit } = EventEmitter.prototype;

/**
 * Whether it is Node's: `domain` and tools that watch programs put others in its
 * place, which do not handle this symbol of Node's own module themselves.
 */
const isOwnEmit = String(emit).includes('kErrorMonitor');

/** On an emitter: whether what its listeners reject is to be an error, as it was told when it was made. */
const kCapture = Object.getOwnPropertySymbols(EventEmitter.prototype).find(
  ({ description }) => description === 'kCapture'
);

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
    kCapture !== undefined &&
    !websocket[kCapture]
  ) {
    listener.call(websocket, data, isBinary);
  } else {
    websocket.emit('message', data, isBinary);
  }
}

module.exports = emitMessage;

'use strict';

const EventEmitter = require('events');

const { emit } = EventEmitter.prototype;

/**
 * Whether `emit()` is Node's: `domain`, and tools that watch programs, put
 * others in its place. Node's handles this symbol of its own module itself.
 */
const isOwnEmit = String(emit).includes('kErrorMonitor');

/**
 * On an emitter: whether what its listeners reject with is emitted as an error.
 */
const kCapture = Object.getOwnPropertySymbols(EventEmitter.prototype).find(
  ({ description }) => description === 'kCapture'
);

/**
 * Emits `'message'`. Which event it is is known, which saves most of what
 * `emit()` takes. Who has put an `emit()` of their own there gets it called.
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

'use strict';

const { Buffer } = require('buffer');

const { takenAwayError } = require('../native/errors');
const timers = require('../timers');

/** Payloads that wait in streams, with who is told if they are taken away. */
const lent = new WeakMap();
/** Streams that have been made to look at what they write. */
const looking = new WeakSet();

/**
 * Has a stream that is busy look once more at a payload of a program's before it
 * writes it. One that was detached or shrunk while it waited is empty by then, and
 * the peer would take the frames behind it for what is missing.
 *
 * @param {Duplex} socket The stream
 * @param {Uint8Array} bytes The payload, not empty
 * @param {Function} onTaken Called with the error that the write gets then
 * @return {Buffer} What to write: the same memory, or a copy if the stream cannot
 *     be made to look
 */
function lend(socket, bytes, onTaken) {
  if (!looking.has(socket)) {
    if (!Object.isExtensible(socket)) return Buffer.from(bytes);

    looking.add(socket);
    look(socket, '_write', (chunk) => [chunk]);
    look(socket, '_writev', (chunks) => chunks.map(({ chunk }) => chunk));
  }

  const { buffer, byteLength, byteOffset } = bytes;
  // Of a fixed length: a view that follows its memory would be shorter then,
  // and not empty.
  const chunk = Buffer.from(buffer, byteOffset, byteLength);

  lent.set(chunk, onTaken);
  return chunk;
}

function look(socket, name, chunksOf) {
  const write = socket[name];

  if (typeof write !== 'function') return;

  Object.defineProperty(socket, name, {
    __proto__: null,
    configurable: true,
    value(...args) {
      const taken = chunksOf(args[0]).find(
        (chunk) => chunk.length === 0 && lent.has(chunk)
      );

      if (taken === undefined) {
        write.apply(this, args);
        return;
      }

      const error = takenAwayError();

      // Until then it is busy: at once, it would go on with what is behind.
      timers.nextTick(() => {
        args.at(-1)(error);
        lent.get(taken)(error);
      });
    },
    writable: true
  });
}

module.exports = lend;

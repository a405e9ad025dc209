'use strict';

const { markAsUntransferable } = require('worker_threads');

/** On Node 20 there are none; they detach what is marked on Node 22 alone. */
const DETACHING = ['transfer', 'transferToFixedLength'].filter(
  (name) => name in ArrayBuffer.prototype
);

/**
 * Makes memory that messages share. Nobody may take it away from the others: it
 * cannot be sent to another thread, nor be detached by its methods, which throw
 * a TypeError as they do by themselves from Node 24 on.
 *
 * @param {Number} size In bytes
 * @return {Buffer} Memory of its own, whose contents are undefined
 */
function createSlab(size) {
  const slab = Buffer.allocUnsafeSlow(size);

  markAsUntransferable(slab.buffer);
  for (const name of DETACHING) {
    Object.defineProperty(slab.buffer, name, { value: refuse });
  }

  return slab;
}

function refuse() {
  throw new TypeError(
    'This ArrayBuffer cannot be transferred: there are other messages in it. ' +
      'Copy the message first: new Uint8Array(message)'
  );
}

module.exports = { createSlab };

'use strict';

const { markAsUntransferable } = require('worker_threads');

/** On Node 20 there are none. */
const DETACHING = ['transfer', 'transferToFixedLength'].filter(
  (name) => name in ArrayBuffer.prototype
);

/** Whether they detach what is marked; from Node 24 on they heed the mark. */
const IS_DETACHABLE = DETACHING.length > 0 && detachesMarked();

/**
 * Makes memory that messages share. Nobody may take it away from the others: it
 * cannot be sent to another thread, nor be detached by its methods, which throw
 * a TypeError that says more than the one of Node 24 and later.
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

function detachesMarked() {
  const memory = new ArrayBuffer(8);

  markAsUntransferable(memory);

  try {
    memory.transfer();
    return true;
  } catch {
    return false;
  }
}

function refuse() {
  throw new TypeError(
    'This ArrayBuffer cannot be transferred: there are other messages in it. ' +
      'Copy the message first: new Uint8Array(message)'
  );
}

module.exports = { createSlab, IS_DETACHABLE };

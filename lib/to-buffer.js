'use strict';

const { Buffer } = require('buffer');
const { Writable } = require('stream');

/**
 * What a stream makes of a chunk that a program writes to it.
 *
 * @param {*} chunk A string, or bytes
 * @return {Buffer} The bytes, which are not copied
 * @throws {TypeError} What a stream throws, for anything else
 */
function toBuffer(chunk) {
  if (Buffer.isBuffer(chunk)) return chunk;
  if (typeof chunk === 'string') return Buffer.from(chunk);

  let bytes;

  // Which views are bytes, and the error for what is none, depend on the
  // version of Node.
  new Writable({
    write(taken) {
      bytes = taken;
    }
  }).write(chunk);

  return bytes;
}

module.exports = toBuffer;

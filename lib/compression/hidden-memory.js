'use strict';

const { Buffer } = require('buffer');

const { EMPTY_BUFFER } = require('../constants');
const { MAX_SHARED } = require('../memory/message-memory');
const native = require('../native');

const FastBuffer = Buffer[Symbol.species];

const SIZE = 64 * 1024;
/** The longest result that is put into it. */
const MOST = 8 * 1024;

/**
 * Memory that no program ever sees, so that all connections may share it. Each
 * of its bytes is written once.
 */
let memory = null;
let used = 0;

/** Where a result lies until it has been copied. */
let scratch = null;

/**
 * Compresses; see `native.codecRun()`.
 *
 * @param {Number} id The codec
 * @param {Buffer} data The payload
 * @param {Number} flags Of the task
 * @return {(Buffer|Number|String|undefined)} The result, hidden if it is short
 */
function deflate(id, data, flags) {
  reserve(0);

  const result = native.codecRun(id, data, flags, 0, memory, used, MOST);

  if (typeof result === 'number' && result <= MOST) return take(result);
  if (typeof result === 'object' && result.length <= MOST) memory = null;
  return result;
}

/**
 * Inflates; see `native.codecRun()`. A short result is copied at once, to memory
 * of its connection: the program may have detached that until now.
 *
 * @param {Number} id The codec
 * @param {Buffer} data The payload
 * @param {Number} flags Of the task
 * @param {Number} limit The most bytes of the result; 0 is no limit
 * @param {BlockOwner} owner The connection's memory
 * @return {(Buffer|Number|String|undefined)} The result
 */
function inflate(id, data, flags, limit, owner) {
  if (scratch === null) scratch = Buffer.allocUnsafeSlow(MAX_SHARED);

  const result = native.codecRun(
    id,
    data,
    flags,
    limit,
    scratch,
    0,
    MAX_SHARED
  );

  if (typeof result !== 'number' || result > MAX_SHARED) return result;
  return result === 0 ? EMPTY_BUFFER : owner.copy(scratch.buffer, 0, result);
}

/**
 * @param {Uint8Array} data At most 64 KiB
 * @return {Buffer} A copy that no program can take away
 */
function copy(data) {
  reserve(data.length);

  const bytes = take(data.length);

  bytes.set(data);
  return bytes;
}

function reserve(length) {
  if (memory === null || used + length > SIZE) {
    memory = Buffer.allocUnsafeSlow(SIZE);
    used = 0;
  }
}

/**
 * The next bytes of the memory: those that were just written, or are about to
 * be.
 */
function take(length) {
  const bytes = new FastBuffer(memory.buffer, used, length);

  used += length;
  return bytes;
}

module.exports = { copy, deflate, inflate };

'use strict';

const { Buffer } = require('buffer');

const { toPayload } = require('./payload');
const timers = require('../timers');

/**
 * Reads a blob, of which a program may have made its own kind. What listeners and
 * callbacks throw must not become a rejection: both functions are called in a tick.
 *
 * @param {Blob} blob The blob
 * @param {Boolean} isLate Whether whoever sent it is not there any more to be told
 * @param {(bytes: Buffer) => void} onRead Called with what is in it
 * @param {(error: *) => void} onFailed Called if it cannot be read
 * @throws {*} What the blob throws, if it is not late
 */
function readBlob(blob, isLate, onRead, onFailed) {
  const fail = (err) => timers.nextTick(onFailed, err);
  let promise;

  try {
    promise = blob.arrayBuffer();
  } catch (err) {
    if (!isLate) throw err;

    fail(err);
    return;
  }

  promise.then((content) => {
    let bytes;

    try {
      bytes = toBuffer(content);
    } catch (err) {
      fail(err);
      return;
    }

    timers.nextTick(onRead, bytes);
  }, fail);
}

function toBuffer(content) {
  const payload = toPayload(content);

  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}

module.exports = readBlob;

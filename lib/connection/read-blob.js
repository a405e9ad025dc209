'use strict';

const { Buffer } = require('buffer');

const { toPayload } = require('./payload');
const timers = require('../timers');

/**
 * Reads a blob, of which a program may have made its own kind. What is in it is given in
 * the promise, as with ws: before ticks that come meanwhile. What is thrown there is a
 * failure as well, of which is told in a tick: what listeners and callbacks throw must not
 * become a rejection.
 *
 * @param {Blob} blob The blob
 * @param {Boolean} isLate Whether whoever sent it is not there any more to be told
 * @param {(bytes: Buffer) => void} onRead Called with what is in it; no function of the
 *     program's that it calls may be one whose error is not that of the connection
 * @param {(error: *) => void} onFailed Called if it cannot be read, or `onRead` throws
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

  promise.then((content) => onRead(toBuffer(content))).catch(fail);
}

function toBuffer(content) {
  const payload = toPayload(content);

  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}

module.exports = readBlob;

'use strict';

const { Buffer } = require('buffer');

const { isBlob } = require('../validation');
const { note } = require('../wire/made-bytes');

const FastBuffer = Buffer[Symbol.species];

/** What can be framed: a string, bytes, or a blob yet to be read. */
function toPayload(data) {
  if (typeof data === 'string' || Buffer.isBuffer(data)) return data;

  if (data instanceof ArrayBuffer) return new FastBuffer(data);

  if (ArrayBuffer.isView(data)) {
    return new FastBuffer(data.buffer, data.byteOffset, data.byteLength);
  }

  return isBlob(data) ? data : note(Buffer.from(data));
}

function isBlobPayload(payload) {
  return (
    typeof payload !== 'string' && !Buffer.isBuffer(payload) && isBlob(payload)
  );
}

function byteLength(payload) {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  return isBlobPayload(payload) ? payload.size : payload.length;
}

module.exports = { byteLength, isBlobPayload, toPayload };

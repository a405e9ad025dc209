'use strict';

const { Buffer } = require('buffer');
const { randomFillSync } = require('crypto');

const native = require('../native');

const sharedMask = Buffer.alloc(4);
const sharedHeader = Buffer.alloc(14);

/**
 * Makes the pieces of a frame; a string stays one if nothing must change in it.
 *
 * @param {(String|Buffer)} payload The payload
 * @param {Number} length Its bytes
 * @param {Number} first The first byte of the frame
 * @param {Buffer} [key] The masking key
 * @param {Boolean} readOnly Whether the payload must stay as it is
 * @return {(Buffer|String)[]} The pieces
 */
function frame(payload, length, first, key, readOnly) {
  const headerLength = native.encodeHeader(sharedHeader, first, length, key);
  const masked = key !== undefined && !isZero(key) && length > 0;

  if (masked && (readOnly || typeof payload === 'string')) {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    const merged = Buffer.allocUnsafe(headerLength + length);

    merged.set(sharedHeader.subarray(0, headerLength));
    native.mask(bytes, key, merged.subarray(headerLength));
    return [merged];
  }

  const header = Buffer.allocUnsafe(headerLength);

  header.set(sharedHeader.subarray(0, headerLength));
  if (masked) native.mask(payload, key, payload);

  return length > 0 ? [header, payload] : [header];
}

function maskingKey({ generateMask, maskBuffer = sharedMask }) {
  if (generateMask) generateMask(maskBuffer);
  else randomFillSync(maskBuffer, 0, 4);

  return maskBuffer;
}

function isZero(key) {
  return (key[0] | key[1] | key[2] | key[3]) === 0;
}

module.exports = { frame, maskingKey };

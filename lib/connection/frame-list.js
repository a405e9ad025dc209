'use strict';

const { Buffer } = require('buffer');
const { randomFillSync } = require('crypto');

const { util } = require('../builtins');
const native = require('../native');

const { isUint8Array } = util.types;

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

  // All bits, also those that no frame of ours has: a program may have set
  // them.
  sharedHeader[0] = first;

  const masked = key !== undefined && !isZero(key) && length > 0;

  if (masked && (readOnly || typeof payload === 'string')) {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    const merged = Buffer.allocUnsafe(headerLength + length);

    merged.set(sharedHeader.subarray(0, headerLength));
    mask(bytes, key, merged.subarray(headerLength));
    return [merged];
  }

  const header = Buffer.allocUnsafe(headerLength);

  header.set(sharedHeader.subarray(0, headerLength));
  if (masked) mask(payload, key, payload);

  return length > 0 ? [header, payload] : [header];
}

function maskingKey(options) {
  const key = options.maskBuffer || sharedMask;

  if (options.generateMask) options.generateMask(key);
  else randomFillSync(key, 0, 4);

  return key;
}

/** What a program gives to `Sender.frame()` may be an array. */
function mask(source, key, target) {
  if (isUint8Array(source)) {
    native.mask(source, key, target);
    return;
  }

  for (let i = 0; i < source.length; i++) target[i] = source[i] ^ key[i & 3];
}

function isZero(key) {
  return (key[0] | key[1] | key[2] | key[3]) === 0;
}

module.exports = { frame, maskingKey };

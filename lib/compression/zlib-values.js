'use strict';

// What the options of zlib come to.

const { Buffer } = require('buffer');

const DEFAULT_CHUNK_SIZE = 16 * 1024;

/** Node's zlib has its default for `NaN`, too. */
function numberOr(value, fallback) {
  return value === undefined || Number.isNaN(value) ? fallback : value;
}

function asBytes(dictionary) {
  if (dictionary === undefined || ArrayBuffer.isView(dictionary)) {
    return dictionary;
  }

  return Buffer.from(dictionary);
}

/** What zlib's objects show as `_chunkSize`. */
function chunkSizeOf({ chunkSize }) {
  return numberOr(chunkSize, DEFAULT_CHUNK_SIZE);
}

module.exports = { asBytes, chunkSizeOf, numberOr };

'use strict';

const { isUtf8 } = require('buffer');

const { hasBlob } = require('./constants');

const TOKEN_CHARACTERS =
  "!#$%&'*+-.^_`|~0123456789" +
  'abcdefghijklmnopqrstuvwxyz' +
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * For each ASCII code 1 if the character may be part of a token, else 0
 * (RFC 9110, section 5.6.2). Codes above 127 read as `undefined`.
 *
 * @type {Uint8Array}
 */
const tokenChars = new Uint8Array(128);

for (const character of TOKEN_CHARACTERS) {
  tokenChars[character.charCodeAt(0)] = 1;
}

/**
 * Tells whether a value is a `Blob` or a `File`, also one of another realm or
 * of a polyfill.
 *
 * @param {*} value The value to look at
 * @return {Boolean} `true` if it can be sent as a blob
 */
function isBlob(value) {
  if (!hasBlob || typeof value !== 'object' || value === null) return false;

  // Looked at first, as reading them runs the least of what a program may have
  // put on another object.
  if (
    typeof value.arrayBuffer !== 'function' ||
    typeof value.type !== 'string' ||
    typeof value.stream !== 'function'
  ) {
    return false;
  }

  const tag = value[Symbol.toStringTag];

  return tag === 'Blob' || tag === 'File';
}

/**
 * Tells whether a close code may appear in a close frame (RFC 6455, section
 * 7.4, and the codes 1012 to 1014 that IANA registered since).
 *
 * @param {*} code The close code
 * @return {Boolean} `true` if it may be sent and received
 */
function isValidStatusCode(code) {
  if (code >= 3000) return code <= 4999;

  // 1004 has no meaning; 1005 and 1006 are never put on the wire.
  return code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006);
}

module.exports = {
  isBlob,
  isValidStatusCode,

  /**
   * Tells whether bytes are well-formed UTF-8 (RFC 3629).
   *
   * @type {(bytes: Buffer|ArrayBuffer|Uint8Array) => boolean}
   */
  isValidUTF8: isUtf8,
  tokenChars
};

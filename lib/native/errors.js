'use strict';

const { kStatusCode } = require('../constants');
const { ErrorOfNode } = require('../errors-of-node');
const native = require('.');

/**
 * The protocol core's error table: kind -> what the `Error` is made of. The
 * core knows kinds and close codes; classes and stack traces are JavaScript's.
 */
const table = new Map();
const rows = native.errorTable();

for (let i = 0; i < rows.length; i += 5) {
  table.set(rows[i], {
    code: rows[i + 1],
    Class: rows[i + 2] === 1 ? RangeError : Error,
    message: rows[i + 3],
    closeCode: rows[i + 4]
  });
}

/**
 * Builds the error of a protocol violation (RFC 6455, section 7.1.7).
 *
 * @param {Number} kind The core's number for it
 * @param {Number} value The opcode, length or status code that is quoted
 * @param {Function} [caller] Where the stack trace begins: a function that is being called,
 *     as there are no frames otherwise
 * @return {Error} With `code` and, under `kStatusCode`, the close code
 */
function protocolError(kind, value, caller = protocolError) {
  const { code, Class, message, closeCode } = table.get(kind);
  const error = new Class(message.replace('{}', value));

  Error.captureStackTrace(error, caller);
  error.code = code;
  error[kStatusCode] = closeCode;

  return error;
}

/**
 * Builds the error of a payload that is no DEFLATE stream, as zlib's.
 *
 * @param {String} message zlib's word for what is wrong
 * @return {Error} With `code`, `errno` and the close code
 */
function corruptDataError(message) {
  const error = new ErrorOfNode(message);

  error.errno = -3;
  error.code = 'Z_DATA_ERROR';
  error[kStatusCode] = 1007;

  return error;
}

/** Why a message was not sent whose memory went elsewhere. */
function takenAwayError() {
  const error = new TypeError(
    'The data was detached or made shorter before it was written; ' +
      'send a copy of it: new Uint8Array(data)'
  );

  error.code = 'WS_RS_DATA_DETACHED';
  return error;
}

module.exports = { corruptDataError, protocolError, takenAwayError };

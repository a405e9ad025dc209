'use strict';

const { kStatusCode } = require('../constants');
const {
  corruptDataError,
  protocolError,
  takenAwayError
} = require('../native/errors');
const numbers = require('../native/numbers');

const { MESSAGE_TOO_LONG } = numbers.error;

// What a codec answers instead of bytes ...
const { FAILED, OUT_OF_MEMORY, TOO_LONG } = numbers.codec;
// ... and what we do once it is closed.
const CLOSED = 0xfffffffc;
// The program took a payload away that waited for a thread.
const TAKEN_AWAY = 0xfffffffb;

/** A server that met an unexpected condition (RFC 6455, section 7.4.1). */
const INTERNAL_ERROR = 1011;
/** What zlib's errors lead to. */
const INVALID_DATA = 1007;

/**
 * Builds the error of a payload of which there are no bytes.
 *
 * @param {(Number|String)} fault What the codec answered
 * @param {String} stream `'deflate'` or `'inflate'`
 * @param {Function} caller Where the stack trace begins
 * @return {Error} With the close code under `kStatusCode`, unless it is closed
 */
function faultError(fault, stream, caller) {
  if (typeof fault === 'string') return corruptDataError(fault);
  if (fault === TOO_LONG) return protocolError(MESSAGE_TOO_LONG, 0, caller);

  if (fault === CLOSED) {
    return new Error(
      `The ${stream} stream was closed while data was being processed`
    );
  }

  if (fault === TAKEN_AWAY) {
    const error =
      stream === 'deflate'
        ? takenAwayError()
        : new Error(
            'The memory of a message was detached before it was inflated'
          );

    error[kStatusCode] = INTERNAL_ERROR;
    return error;
  }

  if (fault === OUT_OF_MEMORY) {
    const error = new Error('There is not enough memory for the message');

    // As zlib's.
    error.errno = -4;
    error.code = 'Z_MEM_ERROR';
    error[kStatusCode] = INVALID_DATA;
    return error;
  }

  const error = new Error(
    `ws-rs could not ${stream} the message: no thread for it could be ` +
      'started, or there is a fault in ws-rs, which please report'
  );

  error.code = 'WS_RS_COMPRESSION_FAILED';
  error[kStatusCode] = INTERNAL_ERROR;
  return error;
}

module.exports = {
  CLOSED,
  FAILED,
  OUT_OF_MEMORY,
  TAKEN_AWAY,
  TOO_LONG,
  faultError
};

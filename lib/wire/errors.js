'use strict';

const { os, util } = require('../builtins');
const { ErrorOfNode, errorWithCode } = require('../errors-of-node');

const { getSystemErrorMap, getSystemErrorName } = util;

/**
 * Before Node 22 the callbacks of a stream that is destroyed get an error of the
 * stream's, from then on the one that libuv gives the write under way.
 */
const GIVES_ECANCELED = Number.parseInt(process.versions.node, 10) >= 22;

/** What the OpenSSL that Node has calls the alerts that SSL 3 had already: another name since 3.2. */
const OLD_ALERTS = /^([12]|3\.[01])\./.test(process.versions.openssl)
  ? 'SSLV3'
  : 'SSL/TLS';

/**
 * @param {Number} number A system error number, above 0
 * @param {String} [syscall='write'] What failed
 * @return {Error} As Node makes it
 */
function systemError(number, syscall) {
  const code = getSystemErrorName(-number);
  const error = new ErrorOfNode(`${syscall} ${code}`);

  error.errno = -number;
  error.code = code;
  error.syscall = syscall;
  return error;
}

/** Why a frame was not written whose socket was destroyed without an error. */
function destroyedError() {
  return GIVES_ECANCELED
    ? systemError(canceled(), 'write')
    : streamDestroyedError();
}

/** Why a frame was not written that was sent to a destroyed stream. */
function streamDestroyedError() {
  return errorWithCode(
    ErrorOfNode,
    'ERR_STREAM_DESTROYED',
    'Cannot call write after a stream was destroyed'
  );
}

// On Windows libuv has a number of its own for it, which is in no constant.
function canceled() {
  for (const [number, [name]] of getSystemErrorMap()) {
    if (name === 'ECANCELED') return -number;
  }

  return os.constants.errno.ECANCELED;
}

/**
 * What went wrong with a TLS session.
 *
 * @param {Array|undefined} list What the addon's `tlsError()` says
 * @return {Error|undefined} The error, with Node's code for it
 */
function tlsError(list) {
  if (list === undefined || list.length < 3) return undefined;

  const [, code, text] = list;
  const error = new Error(`TLS: ${text}`);

  error.code = code.replace('_SSLV3_', `_${OLD_ALERTS}_`);
  return error;
}

/** Why a frame was not written that the kernel refused. */
function failedWriteError(number) {
  return systemError(number, 'write');
}

/**
 * @param {Number} number The system's, of a write that has failed
 * @return {Boolean} Whether the peer has gone, so that there is an end to be read
 */
function isGone(number) {
  const { ECONNRESET, EPIPE } = os.constants.errno;

  return number === EPIPE || number === ECONNRESET;
}

/** Why a frame was not written whose socket is known to be broken. */
function brokenPipeError() {
  return systemError(os.constants.errno.EPIPE, 'write');
}

module.exports = {
  GIVES_ECANCELED,
  brokenPipeError,
  destroyedError,
  failedWriteError,
  isGone,
  streamDestroyedError,
  systemError,
  tlsError
};

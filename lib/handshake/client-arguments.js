'use strict';

const { CLOSE_TIMEOUT } = require('../constants');

const PROTOCOL_VERSIONS = [8, 13];
const SUBPROTOCOL = /^[\w!#$%&'*+\-.^`|~]+$/;

/** The options of a client that have a default. */
const DEFAULTS = {
  allowSynchronousEvents: true,
  autoPong: true,
  closeTimeout: CLOSE_TIMEOUT,
  followRedirects: false,
  maxBufferedChunks: 256 * 1024,
  maxFragments: 16 * 1024,
  maxPayload: 100 * 1024 * 1024,
  maxPendingAutoPongs: 60,
  maxRedirects: 10,
  perMessageDeflate: true,
  protocolVersion: 13,
  skipUTF8Validation: false
};

/**
 * Sorts out the arguments of `new WebSocket(address, protocols, options)`, of
 * which the second may be left out. Without it `options.protocols` counts.
 *
 * @param {String|String[]|Object} [protocols] Subprotocols, or the options
 * @param {Object} [options] The options
 * @return {{ protocols: Array, options: Object }} Subprotocols that are yet to
 *     be checked, and the options
 */
function normalizeArguments(protocols, options) {
  if (
    typeof protocols === 'object' &&
    protocols !== null &&
    !Array.isArray(protocols)
  ) {
    options = protocols;
    protocols = undefined;
  }

  if (protocols === undefined && options) protocols = options.protocols;
  if (protocols === undefined) protocols = [];

  return {
    protocols: Array.isArray(protocols) ? protocols : [protocols],
    options: options ?? {}
  };
}

/**
 * @param {*} version The `protocolVersion` of the options
 * @throws {RangeError} If it is not supported
 */
function checkVersion(version) {
  if (!PROTOCOL_VERSIONS.includes(version)) {
    throw new RangeError(
      `Unsupported protocol version: ${version} ` +
        `(supported versions: ${PROTOCOL_VERSIONS.join(', ')})`
    );
  }
}

/**
 * @param {Array} protocols The subprotocols to ask for
 * @throws {SyntaxError} If one is not a token, or is there twice (RFC 6455,
 *     section 4.1)
 */
function checkSubprotocols(protocols) {
  const isToken = (value) =>
    typeof value === 'string' && SUBPROTOCOL.test(value);
  // Without the holes that an array may have, which every() passes over.
  const all = [...protocols];

  if (!all.every(isToken) || new Set(all).size !== all.length) {
    throw new SyntaxError('An invalid or duplicated subprotocol was specified');
  }
}

module.exports = {
  checkSubprotocols,
  checkVersion,
  DEFAULTS,
  normalizeArguments
};

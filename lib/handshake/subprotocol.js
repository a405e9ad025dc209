'use strict';

const HeaderScanner = require('./header-scanner');

/**
 * Parses a `Sec-WebSocket-Protocol` request header (RFC 6455, section 11.3.4).
 *
 * @param {String} header The header value
 * @return {Set<String>} The subprotocols, in order of preference
 * @throws {SyntaxError} If the value is malformed or names one of them twice
 */
function parse(header) {
  const scanner = new HeaderScanner(header);
  const protocols = new Set();
  let separator;

  do {
    const protocol = scanner.token();

    separator = scanner.separator(',');

    if (protocols.has(protocol)) {
      throw new SyntaxError(`The "${protocol}" subprotocol is duplicated`);
    }

    protocols.add(protocol);
  } while (separator === ',');

  return protocols;
}

module.exports = { parse };

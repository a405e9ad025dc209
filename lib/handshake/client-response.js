'use strict';

const PerMessageDeflate = require('../compression/permessage-deflate');
const { parse } = require('./extension');
const native = require('../native');

/**
 * Checks the headers of a 101 response, but for the extensions, against what was
 * asked for (RFC 6455, section 4.1).
 *
 * @param {http.IncomingHttpHeaders} headers Headers of the response
 * @param {Object} request What was asked for
 * @param {String} request.key The `Sec-WebSocket-Key`
 * @param {String[]} request.protocols The subprotocols
 * @return {String|undefined} An error message, `undefined` if all is well
 */
function findProblem(headers, { key, protocols }) {
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    return 'Invalid Upgrade header';
  }

  if (headers['sec-websocket-accept'] !== native.acceptKey(key)) {
    return 'Invalid Sec-WebSocket-Accept header';
  }

  return subprotocolProblem(headers['sec-websocket-protocol'], protocols);
}

function subprotocolProblem(protocol, requested) {
  if (protocol === undefined) {
    return requested.length > 0 ? 'Server sent no subprotocol' : undefined;
  }

  if (requested.length === 0) {
    return 'Server sent a subprotocol but none was requested';
  }

  return requested.includes(protocol)
    ? undefined
    : 'Server sent an invalid subprotocol';
}

/**
 * Checks the extensions of a 101 response, and puts the parameters of
 * permessage-deflate into effect.
 *
 * @param {String|undefined} header The `Sec-WebSocket-Extensions` of the response
 * @param {PerMessageDeflate|null} perMessageDeflate The extension, if it was offered
 * @return {String|undefined} As `findProblem()`
 */
function extensionsProblem(header, perMessageDeflate) {
  if (header === undefined) return undefined;

  if (perMessageDeflate === null) {
    return (
      'Server sent a Sec-WebSocket-Extensions header but no extension was ' +
      'requested'
    );
  }

  try {
    const extensions = parse(header);
    const [name, ...others] = Object.keys(extensions);

    if (name !== PerMessageDeflate.extensionName || others.length > 0) {
      return 'Server indicated an extension that was not requested';
    }

    perMessageDeflate.accept(extensions[name]);
  } catch {
    return 'Invalid Sec-WebSocket-Extensions header';
  }

  return undefined;
}

module.exports = { extensionsProblem, findProblem };

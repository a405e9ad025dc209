'use strict';

const { Buffer } = require('buffer');
const { createHash } = require('crypto');
const { STATUS_CODES } = require('http');

const extension = require('./extension');
const { lookUp } = require('../accept/light-request');
const { GUID } = require('../constants');
const native = require('../native');
const PerMessageDeflate = require('../compression/permessage-deflate');
const subprotocol = require('./subprotocol');

// The base64 of 16 bytes (RFC 6455, section 4.2.1).
const KEY = /^[+/0-9A-Za-z]{22}==$/;
const KEY_LENGTH = 24;

/** A request that cannot be upgraded, and what to answer. */
class HandshakeError extends Error {
  /**
   * @param {Number} status The HTTP status code of the answer
   * @param {String} message What is wrong; the body of the answer
   * @param {Object} [headers] Further headers of the answer
   */
  constructor(status, message, headers) {
    super(message);

    // Not enumerable: `'wsClientError'` listeners get a plain looking error.
    Object.defineProperties(this, {
      status: { __proto__: null, value: status },
      headers: { __proto__: null, value: headers }
    });
  }
}

/**
 * Checks that a request is an opening handshake (RFC 6455, section 4.2.1, for
 * version 13; drafts 8 to 12 of it for version 8).
 *
 * @param {http.IncomingMessage} request The request
 * @throws {HandshakeError} If it is not
 */
function checkRequest({ headers, method }) {
  // Of what is no request at all this throws, and nothing is answered, as with
  // ws.
  const { upgrade } = headers;
  const version = versionOf(headers);

  if (method !== 'GET') {
    throw new HandshakeError(405, 'Invalid HTTP method');
  }

  // Missing if the request had more headers than `server.maxHeadersCount`.
  if (upgrade === undefined || upgrade.toLowerCase() !== 'websocket') {
    throw new HandshakeError(400, 'Invalid Upgrade header');
  }

  if (!KEY.test(headers['sec-websocket-key'])) {
    const message = 'Missing or invalid Sec-WebSocket-Key header';

    throw new HandshakeError(400, message);
  }

  if (version !== 13 && version !== 8) {
    const message = 'Missing or invalid Sec-WebSocket-Version header';

    // RFC 6455, section 4.4: say what would do.
    throw new HandshakeError(400, message, {
      'Sec-WebSocket-Version': '13, 8'
    });
  }
}

/**
 * Reads the subprotocols the client offers.
 *
 * @param {http.IncomingMessage} request The request
 * @return {Set<String>} The subprotocols; empty if there are none
 * @throws {HandshakeError} If the header is malformed
 */
function readProtocols(request) {
  const header = lookUp(request, 'sec-websocket-protocol');

  if (header === undefined) return new Set();

  try {
    return subprotocol.parse(header);
  } catch {
    throw new HandshakeError(400, 'Invalid Sec-WebSocket-Protocol header');
  }
}

/**
 * @param {http.IncomingMessage} request The request
 * @return {Boolean} Whether the client offers a subprotocol, or tries to
 */
function offersProtocols(request) {
  return lookUp(request, 'sec-websocket-protocol') !== undefined;
}

/**
 * Accepts the extensions that the client offers and the server knows.
 *
 * @param {http.IncomingMessage} request The request
 * @param {Object} options The options of the server
 * @return {Object<String, PerMessageDeflate>} The accepted extensions by name
 * @throws {HandshakeError} If the header is malformed, or none of the offers of
 *     permessage-deflate can be accepted
 */
function acceptExtensions(request, options) {
  if (!options.perMessageDeflate) return {};

  const header = lookUp(request, 'sec-websocket-extensions');

  if (header === undefined) return {};

  const name = PerMessageDeflate.extensionName;
  const deflate = new PerMessageDeflate({
    ...options.perMessageDeflate,
    isServer: true,
    maxPayload: options.maxPayload
  });

  try {
    const offers = extension.parse(header)[name];

    if (offers === undefined) return {};

    deflate.accept(offers);
    return { [name]: deflate };
  } catch {
    const message = 'Invalid or unacceptable Sec-WebSocket-Extensions header';

    throw new HandshakeError(400, message);
  }
}

/**
 * Collects what `verifyClient` decides upon.
 *
 * @param {http.IncomingMessage} request The request
 * @return {{origin: (String|undefined), secure: Boolean,
 *     req: http.IncomingMessage}} The page that asks, whether over TLS, and the
 *     request
 */
function describeClient(request) {
  const { headers, socket } = request;
  const name = versionOf(headers) === 8 ? 'sec-websocket-origin' : 'origin';

  return {
    origin: headers[name],
    secure: Boolean(socket.authorized || socket.encrypted),
    req: request
  };
}

/**
 * Builds the answer that completes an opening handshake (RFC 6455, section
 * 4.2.2).
 *
 * @param {String} key The `Sec-WebSocket-Key` of the request
 * @param {String} protocol The subprotocol to use, `''` for none
 * @param {Object<String, PerMessageDeflate>} extensions The extensions to use
 * @return {String[]} The status line and the headers, one per line
 */
function acceptLines(key, protocol, extensions) {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(key)}`
  ];
  const name = PerMessageDeflate.extensionName;
  const deflate = extensions[name];

  if (protocol) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);

  if (deflate) {
    const value = extension.format({ [name]: deflate.params });

    lines.push(`Sec-WebSocket-Extensions: ${value}`);
  }

  return lines;
}

/**
 * Answers a request that is not going to be upgraded, and closes the socket.
 *
 * @param {stream.Duplex} socket The socket of the request
 * @param {Number} status The HTTP status code
 * @param {String} [message] The body; the reason phrase of the status by default
 * @param {Object} [headers] Headers to add or to replace
 */
function abort(socket, status, message, headers) {
  const reason = STATUS_CODES[status] ?? '';
  const body = message || reason;
  const lines = Object.entries({
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers
  }).map(([name, value]) => `${name}: ${value}`);

  // The peer may keep its half of the connection open for ever.
  socket.once('finish', () => socket.destroy());
  socket.end([`HTTP/1.1 ${status} ${reason}`, ...lines, '', body].join('\r\n'));
}

/**
 * Answers a request that does not ask for an upgrade (RFC 9110, section
 * 15.5.22).
 *
 * @param {http.IncomingMessage} request The request
 * @param {http.ServerResponse} response The answer
 */
function refuse(request, response) {
  const body = STATUS_CODES[426];

  response.writeHead(426, {
    'Content-Length': Buffer.byteLength(body),
    'Content-Type': 'text/plain'
  });
  response.end(body);
}

/** What a program gives to `completeUpgrade()` may be no key. */
function acceptKey(key) {
  return typeof key === 'string' && key.length === KEY_LENGTH
    ? native.acceptKey(key)
    : createHash('sha1')
        .update(key + GUID)
        .digest('base64');
}

function versionOf(headers) {
  return +headers['sec-websocket-version'];
}

module.exports = {
  abort,
  acceptExtensions,
  acceptLines,
  checkRequest,
  describeClient,
  HandshakeError,
  offersProtocols,
  readProtocols,
  refuse
};

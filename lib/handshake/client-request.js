'use strict';

const { randomBytes } = require('crypto');
const net = require('net');
const tls = require('tls');

const PerMessageDeflate = require('../compression/permessage-deflate');
const { DEFAULTS } = require('./client-arguments');
const { format } = require('./extension');
const { EMPTY_BUFFER } = require('../constants');

/** Bytes of a `Sec-WebSocket-Key`, before they are written in Base64. */
const KEY_LENGTH = 16;

/**
 * All that a request is given besides what the program gives. It is a literal
 * of its own: one that spreads the program's options before these names takes
 * Node 20 60 us, as each makes a hidden class.
 */
const REQUEST = {
  ...DEFAULTS,
  createConnection: undefined,
  defaultPort: 80,
  headers: undefined,
  host: undefined,
  hostname: undefined,
  method: 'GET',
  path: undefined,
  port: undefined,
  protocol: undefined,
  protocols: undefined,
  socketPath: undefined,
  timeout: undefined
};

/**
 * @param {import('./client-url').Target} target Where the request goes
 * @param {{auth: (String|undefined), headers: Object<String, *>}} identity
 *     Those of the program's credentials and headers that may go there
 * @param {Object} handshake The handshake that the request belongs to
 * @param {String} handshake.key The `Sec-WebSocket-Key`
 * @param {PerMessageDeflate|null} handshake.perMessageDeflate The extension to
 *     offer
 * @param {String[]} handshake.protocols Subprotocols to ask for, best first
 * @param {Object} handshake.settings The options of the client
 * @return {Object} The options for `http.request()`
 */
function requestOptions(target, { auth, headers }, handshake) {
  const { settings } = handshake;
  const options = { ...REQUEST, ...settings };

  // A `createConnection()` of the program's sees the option only if there is a
  // value, or was one.
  if (auth !== undefined || options.auth !== undefined) options.auth = auth;
  options.createConnection =
    settings.createConnection || (target.secure ? connectTls : connectPlain);
  options.defaultPort = settings.defaultPort || (target.secure ? 443 : 80);
  options.headers = { ...headers, ...headersOf(handshake) };
  options.host = target.hostname;
  options.hostname = undefined;
  options.method = 'GET';
  options.path = target.path;
  options.port = target.port;
  options.protocol = undefined;
  options.protocols = undefined;
  options.socketPath = target.socketPath;
  options.timeout = settings.handshakeTimeout;
  return options;
}

/** The headers of an opening handshake (RFC 6455, section 4.1). */
function headersOf({ key, perMessageDeflate, protocols, settings }) {
  const { origin, protocolVersion } = settings;
  const headers = {
    'Sec-WebSocket-Version': protocolVersion,
    'Sec-WebSocket-Key': key,
    Connection: 'Upgrade',
    Upgrade: 'websocket'
  };

  if (perMessageDeflate !== null) {
    headers['Sec-WebSocket-Extensions'] = format({
      [PerMessageDeflate.extensionName]: perMessageDeflate.offer()
    });
  }

  if (protocols.length > 0) {
    headers['Sec-WebSocket-Protocol'] = protocols.join(',');
  }

  if (origin) {
    headers[protocolVersion === 8 ? 'Sec-WebSocket-Origin' : 'Origin'] = origin;
  }

  return headers;
}

/** Random bytes for the next keys; to ask for those of one key takes 6 us. */
let random = EMPTY_BUFFER;
let randomAt = 0;

/** @return {String} A `Sec-WebSocket-Key`: 16 bytes that were never used */
function nextKey() {
  if (randomAt + KEY_LENGTH > random.length) {
    random = randomBytes(KEY_LENGTH * 64);
    randomAt = 0;
  }

  const start = randomAt;

  randomAt += KEY_LENGTH;
  return random.toString('base64', start, randomAt);
}

// `path` is the request's path here, but the socket's path for `net` and `tls`.
// Both functions are looked up when they are called: programs replace them.

function connectPlain(options) {
  return net.connect({ ...options, path: options.socketPath });
}

function connectTls(options) {
  const { host, servername } = options;

  return tls.connect({
    ...options,
    path: undefined,
    servername: servername || servername === '' ? servername : nameOf(host)
  });
}

/** An address is no name (RFC 6066, section 3). */
function nameOf(host) {
  return net.isIP(host) ? '' : host;
}

module.exports = { nextKey, requestOptions };

'use strict';

const { randomBytes } = require('crypto');
const http = require('http');
const https = require('https');
const net = require('net');
const tls = require('tls');

const PerMessageDeflate = require('../compression/permessage-deflate');
const RequestIdentity = require('./client-redirect');
const extension = require('./extension');
const { abortHandshake, emitErrorAndClose } = require('./client-failure');
const { findProblem } = require('./client-response');
const { resolveUrl, toTarget } = require('./client-url');
const { CLOSE_TIMEOUT, EMPTY_BUFFER } = require('../constants');

// The ready state; the WebSocket class requires this file, not the reverse.
const CONNECTING = 0;

/** Bytes of a `Sec-WebSocket-Key`, before they are written in Base64. */
const KEY_LENGTH = 16;
const PROTOCOL_VERSIONS = [8, 13];
const SUBPROTOCOL = /^[\w!#$%&'*+\-.^`|~]+$/;

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
 * All that a request is given besides what the program has. One literal with a
 * spread before its names takes Node 20 60 us each time: it makes a hidden class
 * of its own for each.
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
 * Opens a client: checks the arguments, sends the request of the opening
 * handshake (RFC 6455, section 4.1) and, on a valid response, calls
 * `websocket.setSocket()`. A failure after that first request ends in `'error'`
 * and `'close'`. An option that is present counts, even if it is `undefined`.
 *
 * @param {WebSocket} websocket A WebSocket that is CONNECTING
 * @param {String|URL} address Where to connect
 * @param {String[]} protocols Subprotocols to ask for, best first
 * @param {Object} options Options of `new WebSocket()`. Those about the
 *     handshake are listed here; others are for `http.request()`
 * @param {Function} [options.finishRequest] Called with each request and the
 *     WebSocket instead of `request.end()`, which it has to call
 * @param {Boolean} [options.followRedirects=false] Whether to follow redirects
 * @param {Number} [options.handshakeTimeout] Milliseconds of silence after
 *     which a request is given up; none by default
 * @param {Number} [options.maxRedirects=10] Redirects to follow at most
 * @param {String} [options.origin] The `Origin` header, which is
 *     `Sec-WebSocket-Origin` in version 8
 * @param {Boolean|Object} [options.perMessageDeflate=true] Whether to offer
 *     permessage-deflate, or its parameters
 * @param {Number} [options.protocolVersion=13] 8 or 13
 * @throws {RangeError} If the protocol version is not supported
 * @throws {SyntaxError} If the address or a subprotocol is invalid
 * @throws {TypeError} If `http.request()` refuses an option
 */
function connect(websocket, address, protocols, options) {
  const settings = { ...DEFAULTS, ...options };

  const { autoPong, closeTimeout, maxPendingAutoPongs } = settings;

  // What most have is on the prototype.
  if (autoPong !== DEFAULTS.autoPong) websocket._autoPong = autoPong;
  if (closeTimeout !== CLOSE_TIMEOUT) websocket._closeTimeout = closeTimeout;
  if (maxPendingAutoPongs !== DEFAULTS.maxPendingAutoPongs) {
    websocket._maxPendingAutoPongs = maxPendingAutoPongs | 0;
  }

  if (!PROTOCOL_VERSIONS.includes(settings.protocolVersion)) {
    throw new RangeError(
      `Unsupported protocol version: ${settings.protocolVersion} ` +
        `(supported versions: ${PROTOCOL_VERSIONS.join(', ')})`
    );
  }

  const url = resolveUrl(address);

  checkSubprotocols(protocols);

  const handshake = new ClientHandshake(websocket, protocols, settings);

  handshake.listen(handshake.prepare(url));
  handshake.send();
}

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

/** One opening handshake, with all the requests that redirects make it take. */
class ClientHandshake {
  constructor(websocket, protocols, settings) {
    const { maxPayload, perMessageDeflate } = settings;

    this.websocket = websocket;
    this.protocols = protocols;
    this.settings = settings;
    this.perMessageDeflate = perMessageDeflate
      ? new PerMessageDeflate({
          ...perMessageDeflate,
          isServer: false,
          maxPayload
        })
      : null;
    this.identity = null;
    this.key = '';
    this.answered = false;
  }

  /** @return {http.ClientRequest} The next request, which is not sent yet */
  prepare(url) {
    this.websocket._url = url.href;

    const target = toTarget(url);

    this.identity ??= new RequestIdentity(target, this.settings);
    this.key = nextKey();
    this.answered = false;

    const { request } = target.secure ? https : http;

    const req = request(this.requestOptions(target));

    this.websocket._req = req;
    return req;
  }

  requestOptions(target) {
    const { settings, websocket } = this;
    const keepSecrets = websocket.listenerCount('redirect') > 0;
    const { auth, headers } = this.identity.optionsFor(target, keepSecrets);

    const options = { ...REQUEST, ...settings };

    // Who makes the connection sees it only if there is one, or was.
    if (auth !== undefined || options.auth !== undefined) options.auth = auth;
    options.createConnection =
      settings.createConnection || (target.secure ? connectTls : connectPlain);
    options.defaultPort = target.secure ? 443 : 80;
    options.headers = { ...headers, ...this.handshakeHeaders() };
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

  handshakeHeaders() {
    const { origin, protocolVersion } = this.settings;
    const headers = {
      'Sec-WebSocket-Version': protocolVersion,
      'Sec-WebSocket-Key': this.key,
      Connection: 'Upgrade',
      Upgrade: 'websocket'
    };

    if (this.perMessageDeflate !== null) {
      headers['Sec-WebSocket-Extensions'] = extension.format({
        [PerMessageDeflate.extensionName]: this.perMessageDeflate.offer()
      });
    }

    if (this.protocols.length > 0) {
      headers['Sec-WebSocket-Protocol'] = this.protocols.join(',');
    }

    if (origin) {
      headers[protocolVersion === 8 ? 'Sec-WebSocket-Origin' : 'Origin'] =
        origin;
    }

    return headers;
  }

  listen(req) {
    if (this.settings.handshakeTimeout) {
      req.on('timeout', () => this.onTimeout(req));
    }

    req.on('error', (err) => this.onError(req, err));
    req.on('close', () => this.onClose(req));
    req.on('response', (res) => {
      if (this.isPending(req)) this.onResponse(req, res);
    });
    req.on('upgrade', (res, socket, head) => {
      if (this.isPending(req)) this.onUpgrade(res, socket, head);
      else socket.destroy();
    });
  }

  send() {
    const { settings, websocket } = this;
    const req = websocket._req;

    if (settings.finishRequest) settings.finishRequest(req, websocket);
    else req.end();
  }

  /** A request that was given up may still fail, or even be answered. */
  isPending(req) {
    const { websocket } = this;

    return websocket._req === req && websocket._readyState === CONNECTING;
  }

  onTimeout(req) {
    if (!this.isPending(req)) return;

    abortHandshake(this.websocket, req, 'Opening handshake has timed out');
  }

  onError(req, err) {
    if (!this.isPending(req)) return;

    this.websocket._req = null;
    emitErrorAndClose(this.websocket, err);
  }

  /** `req.abort()` before there is a socket emits `'close'` without error. */
  onClose(req) {
    // Most have been upgraded: an error, made for nobody, takes 7 us.
    if (this.answered || !this.isPending(req)) return;

    const err = new Error('socket hang up');

    err.code = 'ECONNRESET';
    this.onError(req, err);
  }

  onResponse(req, res) {
    const { settings, websocket } = this;
    const { headers, statusCode } = res;
    const isRedirect = statusCode >= 300 && statusCode < 400;

    this.answered = true;

    if (settings.followRedirects && isRedirect && headers.location) {
      this.redirect(req, headers.location);
    } else if (!websocket.emit('unexpected-response', req, res)) {
      const message = `Unexpected server response: ${statusCode}`;

      abortHandshake(websocket, req, message);
    }
  }

  redirect(answered, location) {
    const { settings, websocket } = this;

    if (++websocket._redirects > settings.maxRedirects) {
      abortHandshake(websocket, answered, 'Maximum redirects exceeded');
      return;
    }

    answered.destroy();

    let req;

    // Thrown from a response listener, this would end the process.
    try {
      req = this.prepare(resolveUrl(location, websocket._url));
    } catch (err) {
      emitErrorAndClose(websocket, err);
      return;
    }

    // Its listeners come before ours, which it needs whatever became of it.
    try {
      websocket.emit('redirect', websocket.url, req);
    } finally {
      this.listen(req);
    }

    if (websocket._readyState === CONNECTING) this.send();
  }

  onUpgrade(res, socket, head) {
    const { perMessageDeflate, settings, websocket } = this;

    websocket.emit('upgrade', res);

    // The listener may have called `close()` or `terminate()`.
    if (websocket.readyState !== CONNECTING) return;

    websocket._req = null;

    const problem = findProblem(res.headers, this);

    if (problem) {
      abortHandshake(websocket, socket, problem);
      return;
    }

    const protocol = res.headers['sec-websocket-protocol'];

    if (protocol) websocket._protocol = protocol;

    if (perMessageDeflate?.params) {
      websocket._extensions[PerMessageDeflate.extensionName] =
        perMessageDeflate;
    }

    websocket.setSocket(socket, head, {
      allowSynchronousEvents: settings.allowSynchronousEvents,
      generateMask: settings.generateMask,
      maxBufferedChunks: settings.maxBufferedChunks,
      maxFragments: settings.maxFragments,
      maxPayload: settings.maxPayload,
      skipUTF8Validation: settings.skipUTF8Validation
    });
  }
}

/** Random bytes for the keys that come next: asked for one by one they take 6 us. */
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

function checkSubprotocols(protocols) {
  const isToken = (value) =>
    typeof value === 'string' && SUBPROTOCOL.test(value);

  if (
    !protocols.every(isToken) ||
    new Set(protocols).size !== protocols.length
  ) {
    throw new SyntaxError('An invalid or duplicated subprotocol was specified');
  }
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
    servername: servername ?? (net.isIP(host) ? '' : host)
  });
}

module.exports = {
  abortHandshake,
  connect,
  emitErrorAndClose,
  normalizeArguments
};

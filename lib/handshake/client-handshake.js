'use strict';

const http = require('http');
const https = require('https');

const PerMessageDeflate = require('../compression/permessage-deflate');
const RequestIdentity = require('./client-redirect');
const {
  DEFAULTS,
  checkSubprotocols,
  checkVersion
} = require('./client-arguments');
const { abortHandshake, emitErrorAndClose } = require('./client-failure');
const { nextKey, requestOptions } = require('./client-request');
const { extensionsProblem, findProblem } = require('./client-response');
const { resolveUrl, toTarget } = require('./client-url');
const { CLOSE_TIMEOUT, READY_STATE } = require('../constants');
const { ErrorOfNode } = require('../errors-of-node');
const { approach, arrive } = require('../accept/neighbours');

const { CONNECTING } = READY_STATE;

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

  // The value that most have is on the prototype.
  if (autoPong !== DEFAULTS.autoPong) websocket._autoPong = autoPong;
  if (closeTimeout !== CLOSE_TIMEOUT) websocket._closeTimeout = closeTimeout;
  if (maxPendingAutoPongs !== DEFAULTS.maxPendingAutoPongs) {
    websocket._maxPendingAutoPongs = maxPendingAutoPongs | 0;
  }

  checkVersion(settings.protocolVersion);

  const url = resolveUrl(address);
  const target = toTarget(url);

  checkSubprotocols(protocols);
  websocket._url = url.href;

  const handshake = new ClientHandshake(websocket, protocols, settings);

  handshake.listen(handshake.prepare(target));
  handshake.send();
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

  /**
   * @param {import('./client-url').Target} target Where it goes
   * @return {http.ClientRequest} The next request, which is not sent yet
   */
  prepare(target) {
    const { websocket } = this;

    this.key = nextKey();
    this.answered = false;

    const { request } = target.secure ? https : http;
    const identity = this.identityFor(target);
    const req = request(requestOptions(target, identity, this));

    websocket._req = req;
    approach(req, target);
    return req;
  }

  identityFor(target) {
    if (this.identity === null) {
      this.identity = new RequestIdentity(target, this.settings);
      return this.identity.first(target);
    }

    const keepSecrets = this.websocket.listenerCount('redirect') > 0;

    return this.identity.next(target, keepSecrets);
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
      if (this.isPending(req)) this.onUpgrade(req, res, socket, head);
      else socket.destroy();
    });
  }

  send() {
    const { settings, websocket } = this;
    const req = websocket._req;

    if (!settings.finishRequest) {
      req.end();
      return;
    }

    try {
      settings.finishRequest(req, websocket);
    } catch (err) {
      arrive(req);
      throw err;
    }
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

    arrive(req);
    this.websocket._req = null;
    emitErrorAndClose(this.websocket, err);
  }

  /** `req.abort()` before there is a socket emits `'close'` without error. */
  onClose(req) {
    arrive(req);
    // Most requests have been upgraded: to make an error that nobody gets takes
    // 7 us.
    if (this.answered || !this.isPending(req)) return;

    const err = new ErrorOfNode('socket hang up');

    err.code = 'ECONNRESET';
    this.onError(req, err);
  }

  onResponse(req, res) {
    const { settings, websocket } = this;
    const { headers, statusCode } = res;
    const isRedirect = statusCode >= 300 && statusCode < 400;

    arrive(req);
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

    // Thrown from a listener for the response, it would end the process.
    try {
      const url = resolveUrl(location, websocket._url);

      websocket._url = url.href;
      req = this.prepare(toTarget(url));
    } catch (err) {
      emitErrorAndClose(websocket, err);
      return;
    }

    // The program's listeners are called before ours, and need a socket
    // whatever became of it.
    try {
      websocket.emit('redirect', websocket.url, req);
    } finally {
      this.listen(req);
    }

    if (websocket._readyState === CONNECTING) this.send();
  }

  onUpgrade(req, res, socket, head) {
    const { perMessageDeflate, settings, websocket } = this;

    arrive(req);
    websocket.emit('upgrade', res);

    // The listener may have called `close()` or `terminate()`.
    if (websocket.readyState !== CONNECTING) return;

    websocket._req = null;

    const { headers } = res;
    let problem = findProblem(headers, this);

    if (problem === undefined) {
      const protocol = headers['sec-websocket-protocol'];

      // The subprotocol is agreed on, whatever is wrong with the extensions.
      if (protocol) websocket._protocol = protocol;

      problem = extensionsProblem(
        headers['sec-websocket-extensions'],
        perMessageDeflate
      );
    }

    if (problem !== undefined) {
      abortHandshake(websocket, socket, problem);
      return;
    }

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

module.exports = connect;

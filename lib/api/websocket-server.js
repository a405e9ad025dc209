'use strict';

const EventEmitter = require('events');

const { kWebSocket } = require('../constants');
const { whyNode } = require('../accept/why-node');
const { keyOf, lengthOf } = require('../accept/light-request');
const TlsContexts = require('../accept/tls-contexts');
const { forNode } = require('../accept/tls-options');
const heartbeat = require('../connection/heartbeat');
const readHeartbeat = require('../connection/heartbeat-options');
const { isReceiverPatched } = require('../connection/patched-classes');
const broadcast = require('../fanout/broadcast');
const handshake = require('../handshake/server-handshake');
const diagnostics = require('../diagnostics');
const given = require('../given');
const { refuse, selectProtocol, verify } = require('./admission');
const Clients = require('./clients');
const { attach, createServer } = require('./http-side');
const { limitsOf, sharedLimits } = require('./limits');
const { kContexts, kHeartbeat, kOnClosed } = require('../members');
const Metrics = require('./metrics');
const { destroySocket, isLight, kLight } = require('../wire/materialize');
const readOptions = require('./server-options');
const track = require('./tracking');
const WebSocket = require('./websocket');
const timers = require('../timers');

// Of a server. Symbols, as programs keep what they like on it.
const kClients = Symbol('ws-rs.clients');
const kLimits = Symbol('ws-rs.limits');
const kMetrics = Symbol('ws-rs.metrics');

/**
 * The subprotocols of clients that offer none. Who may keep or change the set
 * gets another one.
 */
const NO_PROTOCOLS = new Set();

const RUNNING = 0;
const CLOSING = 1;
const CLOSED = 2;

/**
 * A WebSocket server: one of its own on a port, a part of an HTTP server, or
 * with `noServer` only the means to upgrade requests.
 *
 * @fires WebSocketServer#listening The server accepts connections
 * @fires WebSocketServer#connection `(ws, request)`: a client connected
 * @fires WebSocketServer#headers `(lines, request)`: the answer to a handshake
 *     is about to be sent; the array may be changed
 * @fires WebSocketServer#wsClientError `(error, socket, request)`: a handshake is
 *     wrong. With a listener nothing is answered: the listener has to close the
 *     socket
 * @fires WebSocketServer#tlsClientError `(error, socket)`: a TLS handshake failed;
 *     with the `tls` option
 * @fires WebSocketServer#error `(error)`: the HTTP server has a problem
 * @fires WebSocketServer#close The server is closed
 */
class WebSocketServer extends EventEmitter {
  /**
   * @param {import('./server-options').ServerOptions} options The options
   * @param {Function} [callback] Called when the server listens on `port`
   * @throws {TypeError} If not exactly one of the required options is given
   * @throws {RangeError|TypeError} If `perMessageDeflate` has options for zlib
   *     that zlib refuses
   */
  constructor(options, callback) {
    super();

    options = readOptions(options);

    const tls = given(options, 'tls');

    this.options = options;
    this[kHeartbeat] = readHeartbeat(given(options, 'heartbeat'));
    this[kMetrics] = new Metrics();
    this._state = RUNNING;
    this._server = null;
    this._removeListeners = null;
    this._shouldEmitClose = false;
    this[kLimits] = null;
    /** With the `tls` option. */
    this[kContexts] = tls ? new TlsContexts(tls) : null;

    /** The connections that are not closed; gives the server `clients`. */
    this[kClients] = new Clients(this, Boolean(options.clientTracking));

    if (options.noServer) return;

    this._server = options.server || createServer(tls);

    // Before `'listening'` is passed on: the callback comes first.
    if (!options.server) {
      const { backlog, host, port } = options;

      this._server.listen(port, host, backlog, callback);
    }

    this._removeListeners = attach(this, this._server, this[kContexts], () =>
      isOrdinary(this)
    );
  }

  /**
   * The address of the HTTP server.
   *
   * @return {Object|String|null} As of `net.Server#address()`; `null` once the
   *     server is closed
   * @throws {Error} With `noServer`
   */
  address() {
    if (this.options.noServer) {
      throw new Error('The server is operating in "noServer" mode');
    }

    return this._server === null ? null : this._server.address();
  }

  /**
   * Sends a message to all connections that are open. An addition to ws.
   *
   * It is encoded once, and compressed once for all with permessage-deflate.
   * `data` may be changed as soon as this returns.
   *
   * @param {*} data A string, a number, or bytes in any form but a `Blob`
   * @param {Object} [options]
   * @param {Boolean} [options.binary] Whether it is binary; all but strings and
   *     numbers are
   * @param {Boolean} [options.compress=true] Whether it may be compressed
   * @param {(WebSocket|Iterable<WebSocket>|Function)} [options.except] Who does
   *     not get it, or a function that is called with each and says so
   * @return {Number} How many connections it was given to
   * @throws {TypeError} `data` or an option is of a wrong type; nobody gets it
   * @throws {Error} The server keeps no `clients`
   */
  broadcast(data, options) {
    const websockets = this[kClients].all();

    if (!websockets) {
      throw new Error(
        'broadcast() sends to "clients", which a server with the option ' +
          '"clientTracking: false" does not keep'
      );
    }

    return broadcast(websockets, data, options);
  }

  /**
   * What the server and its connections have done so far, in numbers. An addition
   * to ws.
   *
   * @return {Object} See docs/api.md
   */
  metrics() {
    return this[kMetrics].read(this[kClients].all());
  }

  /**
   * Has clients that connect from now on meet other certificates. An addition to
   * ws, for servers with the `tls` option.
   *
   * @param {Object} options Those of `tls.createSecureContext()`; others stay as
   *     they are
   * @throws {Error} If the server has no `tls` option, or if these cannot be used;
   *     everything stays as it is then
   */
  setSecureContext(options) {
    if (this[kContexts] === null) {
      throw new Error(
        'setSecureContext() is for servers with the "tls" option; call that of ' +
          'the https.Server that was given as "server"'
      );
    }

    this[kContexts].replace(options);
    this._server?.setSecureContext(forNode(this[kContexts].options));
  }

  /**
   * Stops accepting connections. Neither the connections there are nor an HTTP
   * server given as an option are closed.
   *
   * `'close'` follows when the server's own HTTP server is closed; without one,
   * when the last connection is closed, or at once if they are not tracked.
   *
   * @param {(error?: Error) => void} [callback] Called on `'close'`, with an
   *     error if the server was closed before
   */
  close(callback) {
    if (this._state === CLOSED) {
      if (callback) {
        this.once('close', () => {
          callback(new Error('The server is not running'));
        });
      }

      timers.tickOfProgram(emitClose, this);
      return;
    }

    if (callback) this.once('close', callback);
    if (this._state === CLOSING) return;

    this._state = CLOSING;

    const { noServer, server: external } = this.options;
    const server = this._server;

    if (this._removeListeners !== null) this._removeListeners();
    this._removeListeners = null;
    this._server = null;

    if (!noServer && !external) server.close(() => emitClose(this));
    else if (this[kClients].size > 0) this._shouldEmitClose = true;
    else timers.tickOfProgram(emitClose, this);
  }

  /** @private */
  [kOnClosed](ws) {
    this[kClients].delete(ws);

    if (this._shouldEmitClose && this[kClients].size === 0) {
      timers.tickOfProgram(emitClose, this);
    }
  }

  /**
   * Decides whether a request is for this server. May be overridden.
   *
   * @param {http.IncomingMessage} request The request
   * @return {Boolean} `true` if the path of the request is that of the options
   */
  shouldHandle(request) {
    const { path } = this.options;

    if (!path) return true;

    const { url } = request;
    const end = url.indexOf('?');

    return (end === -1 ? url : url.slice(0, end)) === path;
  }

  /**
   * Upgrades a request to a WebSocket, or answers why not.
   *
   * @param {http.IncomingMessage} request The request
   * @param {stream.Duplex} socket The socket of the request
   * @param {Buffer} head The first bytes after the request
   * @param {(ws: WebSocket, request: http.IncomingMessage) => void} callback
   *     Called when the WebSocket is open
   * @throws {Error} If the socket was upgraded before
   */
  handleUpgrade(request, socket, head, callback) {
    let protocols;
    let extensions;

    // A client that goes away before the WebSocket looks after the socket.
    if (!isLight(socket)) socket.on('error', destroySocket);

    try {
      // A request that was accepted natively was checked there.
      if (!isLight(socket)) handshake.checkRequest(request);

      if (!this.shouldHandle(request)) {
        handshake.abort(socket, 400);
        return;
      }

      protocols =
        handshake.offersProtocols(request) ||
        this.completeUpgrade !== completeUpgrade
          ? handshake.readProtocols(request)
          : NO_PROTOCOLS;
      extensions = handshake.acceptExtensions(request, this.options);
    } catch (error) {
      if (!(error instanceof handshake.HandshakeError)) throw error;

      refuse(this, error, socket, request);
      return;
    }

    const key = keyOf(request);

    if (this.options.verifyClient) {
      const upgrade = [extensions, key, protocols, request, socket, head];

      verify(this, request, socket, [...upgrade, callback]);
      return;
    }

    this.completeUpgrade(
      extensions,
      key,
      protocols,
      request,
      socket,
      head,
      callback
    );
  }

  /**
   * Answers a valid handshake and opens the WebSocket.
   *
   * @param {Object<String, PerMessageDeflate>} extensions The extensions to use
   * @param {String} key The `Sec-WebSocket-Key` of the request
   * @param {Set<String>} protocols The subprotocols the client offers
   * @param {http.IncomingMessage} request The request
   * @param {stream.Duplex} socket The socket of the request
   * @param {Buffer} head The first bytes after the request
   * @param {Function} callback Called with the WebSocket and the request
   * @throws {Error} If the socket was upgraded before
   * @private
   */
  completeUpgrade(extensions, key, protocols, request, socket, head, callback) {
    // The client left while `verifyClient` was at work.
    if (!isLight(socket) && (!socket.readable || !socket.writable)) {
      socket.destroy();
      return;
    }

    if (socket[kWebSocket]) {
      throw new Error(
        'server.handleUpgrade() was called more than once with the same ' +
          'socket, possibly due to a misconfiguration'
      );
    }

    if (this._state > RUNNING) {
      handshake.abort(socket, 503);
      return;
    }

    const { options } = this;
    const ws = new options.WebSocket(null, undefined, options);

    const protocol = selectProtocol(this, protocols, request) || '';

    if (protocol !== '') ws._protocol = protocol;
    if (extensions['permessage-deflate']) ws._extensions = extensions;

    const lines = handshake.acceptLines(key, protocol, extensions);

    this.emit('headers', lines, request);

    const { id: meter } = this[kMetrics];
    const answer = [...lines, '\r\n'].join('\r\n');
    let light = null;

    if (isLight(socket)) {
      light = socket[kLight];
      this[kLimits] = sharedLimits(options, this[kLimits]);

      ws.setSocket(socket, head, this[kLimits], {
        answer,
        answersPings: options.autoPong,
        length: lengthOf(request),
        meter
      });
    } else {
      socket.write(answer);
      socket.removeListener('error', destroySocket);
      this[kMetrics].noteFallback(whyNode(socket, options));
      ws.setSocket(socket, head, limitsOf(options), { meter });
    }

    heartbeat.start(ws, this[kHeartbeat]);
    if (this[kClients].add(ws)) track(this, ws);
    if (diagnostics.connection.hasSubscribers) {
      diagnostics.connection.publish({ request, server: this, websocket: ws });
    }

    try {
      callback(ws, request);
    } finally {
      // No ping is answered before the handshake is, which is what is sent next.
      if (light !== null) light.leavePings();
    }
  }
}

const { completeUpgrade, handleUpgrade } = WebSocketServer.prototype;
const { setSocket } = WebSocket.prototype;

/**
 * Whether a program has put no methods on the server that are to see Node's
 * sockets.
 */
function isOrdinary(server) {
  return (
    server._state === RUNNING &&
    server.handleUpgrade === handleUpgrade &&
    server.completeUpgrade === completeUpgrade &&
    !isReceiverPatched() &&
    // Of a value that is no class the handshake fails later, as with ws.
    server.options.WebSocket?.prototype?.setSocket === setSocket
  );
}

function emitClose(server) {
  server._state = CLOSED;
  server.emit('close');
}

module.exports = WebSocketServer;

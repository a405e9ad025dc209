'use strict';

const { createHash } = require('node:crypto');
const { EventEmitter, once } = require('node:events');
const http = require('node:http');

const connect = require('../lib/handshake/client-handshake');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * The part of a client WebSocket that the opening handshake sees. It keeps a
 * log of its events, and what `setSocket()` was given in `opened`.
 */
class FakeWebSocket extends EventEmitter {
  constructor() {
    super();

    // On the prototype of the real one.
    this._autoPong = true;
    this._closeTimeout = 30_000;
    this._maxPendingAutoPongs = 60;

    this._errorEmitted = false;
    this._extensions = {};
    this._protocol = '';
    this._readyState = 0;
    this._redirects = 0;
    this._req = null;
    this._url = undefined;
    this.error = null;
    this.log = [];
    this.opened = null;

    this.on('error', (err) => {
      this.error = err;
      this.log.push('error');
    });
  }

  get readyState() {
    return this._readyState;
  }

  get url() {
    return this._url;
  }

  setSocket(socket, head, options) {
    socket.on('error', () => {});
    this._readyState = 1;
    this.opened = { socket, head, options };
    this.log.push('open');
    this.emit('open');
  }

  emitClose() {
    this._readyState = 3;
    this.log.push('close');
    this.emit('close');
  }
}

/**
 * Connects a fake WebSocket; gives it without waiting for anything.
 *
 * @param {String|URL} address Where to
 * @param {Object} [options] Options of the client
 * @param {String[]} [protocols] Subprotocols
 * @return {FakeWebSocket} The WebSocket
 */
function open(address, options, protocols = []) {
  const websocket = new FakeWebSocket();

  connect(websocket, address, protocols, options);

  return websocket;
}

/** Waits for `'close'`; `once()` of `node:events` would fail on `'error'`. */
function closed(websocket) {
  return new Promise((resolve) => websocket.once('close', resolve));
}

/**
 * Starts an HTTP server on loopback that is stopped after the test.
 *
 * @param {TestContext} t The test
 * @param {Function} onUpgrade Called with the server as `this`
 * @return {Promise<http.Server>} The server; `server.url` has no final slash
 */
async function startServer(t, onUpgrade) {
  const server = http.createServer();
  const sockets = new Set();

  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.on('upgrade', onUpgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  t.after(() => {
    for (const socket of sockets) socket.destroy();

    server.close();
  });

  server.url = `ws://127.0.0.1:${server.address().port}`;

  return server;
}

/** Answers an upgrade request with 101 and more header lines. */
function accept(req, socket, ...headers) {
  const key = createHash('sha1')
    .update(req.headers['sec-websocket-key'] + GUID)
    .digest('base64');

  respond(
    socket,
    '101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Accept: ${key}`,
    ...headers
  );
}

function respond(socket, status, ...headers) {
  socket.write([`HTTP/1.1 ${status}`, ...headers, '', ''].join('\r\n'));
}

module.exports = { FakeWebSocket, accept, closed, open, respond, startServer };

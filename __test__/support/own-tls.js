'use strict';

// Servers with the `tls` option, and clients of them.

const { once } = require('node:events');
const net = require('node:net');
const { Duplex } = require('node:stream');
const tls = require('node:tls');

const WebSocket = require('../../lib/api/websocket');
const { serve } = require('./servers');
const { selfSigned } = require('../../examples/self-signed');

let identity = null;

/** A certificate and its key, in PEM: the same for all tests of a process. */
function ownIdentity() {
  identity ??= selfSigned();
  return identity;
}

/**
 * Starts a server with TLS of its own that is gone at the end of the test.
 *
 * @param {Object} t The test
 * @param {Object} [options] Those of its `tls`
 * @param {Object} [others] Those of the server besides
 * @return {Promise<{port: Number, url: String, wss: WebSocketServer}>}
 */
async function serveTls(t, options, others) {
  const wss = serve(t, { ...others, tls: { ...ownIdentity(), ...options } });

  if (wss.address() === null) await once(wss, 'listening');

  const { port } = wss.address();

  return { port, url: `wss://localhost:${port}`, wss };
}

/**
 * Opens a WebSocket to what `serveTls()` gave, and its server's.
 *
 * @param {Object} t The test
 * @param {Object} server The server
 * @param {Object} [options] Those of the client
 * @return {Promise<{client: WebSocket, peer: WebSocket, request: Object}>}
 */
async function openTls(t, { url, wss }, options) {
  const client = new WebSocket(url, { rejectUnauthorized: false, ...options });

  t.after(() => client.terminate());

  const [[peer, request]] = await Promise.all([
    once(wss, 'connection'),
    once(client, 'open')
  ]);

  return { client, peer, request };
}

/** Opens a bare TLS connection, with the `sessions` that it may resume; closed at the end of the test. */
async function connectTls(t, port, options) {
  const socket = tls.connect({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    servername: 'localhost',
    ...options
  });

  t.after(() => socket.destroy());
  // The first may come with the handshake.
  socket.sessions = [];
  socket.on('session', (session) => socket.sessions.push(session));
  await once(socket, 'secureConnect');
  return socket;
}

/** The bytes of a request to be upgraded. */
function upgradeRequest(path = '/') {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n'
  ].join('\r\n');
}

/**
 * Asks for an upgrade on a bare TLS connection, and waits for the answer.
 *
 * @param {tls.TLSSocket} socket The client's
 * @param {WebSocketServer} wss The server
 * @return {Promise<WebSocket>} The server's
 */
async function upgrade(socket, wss) {
  const connected = once(wss, 'connection');
  const answered = once(socket, 'data');

  socket.write(upgradeRequest());

  const [[peer]] = await Promise.all([connected, answered]);

  return peer;
}

/**
 * Opens a bare TLS connection whose records pass a function on their way to the
 * server; closed at the end of the test.
 *
 * @param {Object} t The test
 * @param {Number} port The server's
 * @param {Function} pass `(bytes, raw, callback)`: writes them to the socket `raw`
 * @return {Promise<{raw: net.Socket, socket: tls.TLSSocket}>}
 */
async function connectThrough(t, port, pass) {
  const raw = net.connect(port, '127.0.0.1');
  const wire = new Duplex({
    read() {},
    write(bytes, encoding, callback) {
      pass(bytes, raw, callback);
    }
  });

  raw.on('data', (bytes) => wire.push(bytes));
  raw.on('error', () => {});
  t.after(() => raw.destroy());

  const socket = await connectTls(t, port, { socket: wire });

  return { raw, socket };
}

/** All that a socket gets until its end. */
async function readToEnd(socket) {
  const chunks = [];

  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks);
}

module.exports = {
  connectThrough,
  connectTls,
  openTls,
  ownIdentity,
  readToEnd,
  serveTls,
  upgrade,
  upgradeRequest
};

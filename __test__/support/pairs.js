'use strict';

const { once } = require('node:events');
const https = require('node:https');
const { Duplex } = require('node:stream');

const WebSocket = require('../../lib/api/websocket');
const WebSocketServer = require('../../lib/api/websocket-server');
const { accept, startServer } = require('../client-fixtures');
const { selfSigned } = require('../../examples/self-signed');
const { exchange, portOf, upgradeRequest } = require('./raw-http');
const { serve } = require('./servers');

/**
 * Opens a connection of ours on both ends, which is gone after the test.
 *
 * @param {TestContext} t The test
 * @param {Object} [options] `server` and `client`: options of the two ends;
 *     `Client`: the class of the client
 * @return {Promise<Object>} The `client`, the server's end `peer`, and `wss`
 */
async function openPair(t, options = {}) {
  const { server, client: clientOptions, Client = WebSocket } = options;
  const wss = serve(t, { host: '127.0.0.1', ...server });
  const url = `ws://127.0.0.1:${await portOf(wss)}`;

  return openTo(t, wss, url, clientOptions, Client);
}

/** As `openPair()`, over TLS. */
async function openTlsPair(t, options = {}) {
  const { cert, key } = selfSigned();
  const server = https.createServer({ cert, key }).listen(0, '127.0.0.1');
  const wss = new WebSocketServer({ server, ...options.server });

  t.after(() => {
    for (const ws of wss.clients) ws.terminate();
    server.close();
  });

  const url = `wss://127.0.0.1:${await portOf(server)}`;

  return openTo(t, wss, url, { ca: cert, ...options.client }, WebSocket);
}

async function openTo(t, wss, url, options, Client = WebSocket) {
  const client = new Client(url, options);
  const connected = once(wss, 'connection');

  t.after(() => client.terminate());
  await once(client, 'open');

  const [peer, request] = await connected;

  return { client, peer, request, wss, url };
}

/**
 * Opens two ends over a pair of plain duplexes, without any handshake. Chunks
 * that one end writes are kept in `written` of its socket.
 */
function openDuplexPair(t, options = {}) {
  const [near, far] = duplexPair();
  const client = end(false, near, options.client);
  const peer = end(true, far, options.server);

  t.after(() => {
    client.terminate();
    peer.terminate();
  });
  return { client, peer };
}

function end(isServer, socket, options = {}) {
  const ws = new WebSocket(null, undefined, {
    autoPong: true,
    closeTimeout: 30_000,
    ...options
  });

  ws._isServer = isServer;
  ws.setSocket(socket, Buffer.alloc(0), {
    maxPayload: 0,
    skipUTF8Validation: false,
    ...options
  });
  return ws;
}

/** Two duplexes; what is written to one can be read from the other. */
function duplexPair() {
  const near = new Half();
  const far = new Half();

  near.other = far;
  far.other = near;
  return [near, far];
}

class Half extends Duplex {
  other = null;
  written = [];
  _ready = null;

  _read() {
    const ready = this._ready;

    this._ready = null;
    if (ready !== null) ready();
  }

  _write(chunk, encoding, callback) {
    const { other } = this;

    this.written.push(chunk);
    process.nextTick(() => {
      if (other.destroyed) callback();
      else if (other.push(chunk)) callback();
      else other._ready = callback;
    });
  }

  _final(callback) {
    process.nextTick(() => {
      this.other.push(null);
      callback();
    });
  }

  _destroy(err, callback) {
    // The other end sees that the connection is gone.
    process.nextTick(() => {
      if (!this.writableFinished) this.other.push(null);
      callback(err);
    });
  }
}

/**
 * Connects raw bytes to a `WebSocketServer`: `{ socket, peer, wss }`. `headers`
 * are for the request.
 */
async function openRawClient(t, options, headers) {
  const wss = serve(t, { host: '127.0.0.1', ...options });
  const connected = once(wss, 'connection');
  const port = await portOf(wss);
  const { socket } = await exchange(port, upgradeRequest(headers));
  const [peer] = await connected;

  t.after(() => socket.destroy());
  return { socket, peer, wss };
}

/** Connects a client of ours to raw bytes: `{ client, socket }`. */
async function openRawServer(t, options) {
  const server = await startServer(t, (req, socket) => accept(req, socket));
  const upgraded = once(server, 'upgrade');
  const client = new WebSocket(server.url, options);

  t.after(() => client.terminate());
  await once(client, 'open');

  const [, socket] = await upgraded;

  return { client, socket };
}

/**
 * Reads so many bytes from a socket.
 *
 * @param {stream.Duplex} socket The socket; may decode `latin1`
 * @param {Number} count How many bytes
 * @return {Promise<Buffer>} What came, as soon as it is enough
 */
function readBytes(socket, count) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    let size = 0;

    function onData(chunk) {
      chunks.push(Buffer.from(chunk, 'latin1'));
      size += chunk.length;
      if (size >= count) done(resolve, Buffer.concat(chunks));
    }

    function onClose() {
      const bytes = Buffer.concat(chunks).toString('hex');

      done(reject, new Error(`Closed after ${size} of ${count}: ${bytes}`));
    }

    function done(settle, value) {
      socket.removeListener('data', onData);
      socket.removeListener('close', onClose);
      settle(value);
    }

    socket.on('data', onData);
    socket.on('close', onClose);
    socket.resume();
  });
}

/** Waits for so many events, and gives the arguments of each. */
function collect(emitter, name, count) {
  return new Promise((resolve) => {
    const events = [];

    emitter.on(name, function listener(...args) {
      events.push(args);
      if (events.length !== count) return;

      emitter.removeListener(name, listener);
      resolve(events);
    });
  });
}

/** Waits for `'close'`; `once()` would fail on an `'error'`. */
function closeOf(emitter) {
  return new Promise((resolve) => {
    emitter.once('close', (...args) => resolve(args));
  });
}

module.exports = {
  closeOf,
  collect,
  duplexPair,
  openDuplexPair,
  openPair,
  openRawClient,
  openRawServer,
  openTlsPair,
  openTo,
  readBytes
};

'use strict';

// Servers and sockets on each kind of wire, without any WebSocket.

const { randomUUID } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');

const { selfSigned } = require('../../examples/self-signed');
const { connectedDuplexes } = require('./pieces');

const HOST = '127.0.0.1';

/** What a connection can run over. */
const WIRES = ['tcp', 'unix', 'tls', 'duplex'];

let certificate = null;

/** A certificate for this process: making one takes time. */
function localhost() {
  certificate ??= selfSigned();
  return certificate;
}

/** An HTTP server for upgrades on a wire, which does not listen yet. */
function httpServer(wire) {
  return wire === 'tls' ? https.createServer(localhost()) : http.createServer();
}

/** A server of bare sockets on a wire, which does not listen yet. */
function socketServer(wire, onSocket) {
  const options = { allowHalfOpen: true };

  return wire === 'tls'
    ? tls.createServer({ ...localhost(), ...options }, onSocket)
    : net.createServer(options, onSocket);
}

/**
 * Lets a server listen on a wire.
 *
 * @param {String} wire One of `WIRES`
 * @param {net.Server} server What `httpServer()` or `socketServer()` gave
 * @return {Promise<Object>} `url`; `clientOptions` that a WebSocket needs to connect to it;
 *     `connect()` opens a bare socket to it; `close()`
 */
async function listen(wire, server) {
  const file = path.join(os.tmpdir(), `${randomUUID().slice(0, 18)}.sock`);
  const clientOptions = { rejectUnauthorized: false };

  if (wire === 'duplex') {
    const connect = () => {
      const [near, far] = connectedDuplexes();

      server.emit('connection', far);
      return near;
    };

    return {
      clientOptions: { createConnection: connect },
      close: () => {},
      connect,
      url: 'ws://localhost'
    };
  }

  if (wire === 'unix') server.listen(file);
  else server.listen(0, HOST);
  await once(server, 'listening');

  const { port } = server.address();
  const address = wire === 'unix' ? { path: file } : { host: HOST, port };
  const urls = {
    tcp: `ws://${HOST}:${port}`,
    tls: `wss://${HOST}:${port}`,
    unix: `ws+unix:${file}`
  };

  return {
    clientOptions,
    close() {
      server.close();
      if (wire === 'unix') fs.rmSync(file, { force: true });
    },
    connect: () => connect(wire, { ...address, allowHalfOpen: true }),
    url: urls[wire]
  };
}

/** Over TLS, `below` of the socket is the one that it runs on. */
function connect(wire, address) {
  const below = net.connect(address);

  if (wire !== 'tls') return below;

  const socket = tls.connect({ socket: below, rejectUnauthorized: false });

  socket.below = below;
  below.on('error', () => {});
  return socket;
}

module.exports = { HOST, httpServer, listen, socketServer, WIRES };

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

/** Why there are no Unix sockets, or `false`. */
const noUnix = process.platform === 'win32' && 'Windows has no Unix sockets';

/** What a connection can run over here. */
const WIRES = onlyHere(['tcp', 'unix', 'tls', 'duplex']);

let certificate = null;

/**
 * @param {String[]} wires What a test is for
 * @return {String[]} Those of them that this system has
 */
function onlyHere(wires) {
  return wires.filter((wire) => wire !== 'unix' || !noUnix);
}

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
  return net.createServer({ allowHalfOpen: true }, (below) => {
    if (wire !== 'tls') return onSocket(below);

    const socket = new tls.TLSSocket(below, { isServer: true, ...localhost() });

    onSocket(Object.assign(socket, { allowHalfOpen: true, below }));
  });
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
    connect: () => connectTo(urls[wire]),
    url: urls[wire]
  };
}

/** Opens a bare socket to a URL that `listen()` gave. */
function connectTo(url) {
  if (url.startsWith('ws+unix:')) {
    return connect('unix', { path: url.slice('ws+unix:'.length) });
  }

  const { hostname, port, protocol } = new URL(url);

  return connect(protocol === 'wss:' ? 'tls' : 'tcp', { host: hostname, port });
}

/** Over TLS, `below` of the socket is the one that it runs on. */
function connect(wire, address) {
  const below = net.connect({ ...address, allowHalfOpen: true });

  if (wire !== 'tls') return below;

  const socket = tls.connect({ socket: below, rejectUnauthorized: false });

  below.on('error', () => {});
  return Object.assign(socket, { below });
}

module.exports = {
  connectTo,
  HOST,
  httpServer,
  listen,
  noUnix,
  onlyHere,
  socketServer,
  WIRES
};

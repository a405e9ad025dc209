'use strict';

const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const path = require('node:path');
const tls = require('node:tls');

const ROOT = path.join(__dirname, '../..');

/** Opens a server of a kind, with the options of a run. */
async function openServer(world, kind) {
  const { config, WebSocket } = world;
  const { cert, key } = certificate();
  const options = {
    closeTimeout: 2000,
    heartbeat: config.heartbeat,
    perMessageDeflate: config.deflate
  };
  let http_ = null;

  if (config.maxBackpressure !== undefined) {
    options.maxBackpressure = config.maxBackpressure;
    options.onBackpressure =
      config.onBackpressure === 'function'
        ? (ws, bytes) => world.decide(ws, bytes)
        : config.onBackpressure;
  }
  if (config.ioThreads > 0) options.ioThreads = config.ioThreads;
  if (kind === 'https') http_ = https.createServer({ cert, key });
  if (kind === 'http' || kind === 'duplex') http_ = http.createServer();

  if (http_ !== null) options.server = http_;
  else Object.assign(options, { host: '127.0.0.1', port: 0 });
  if (kind === 'tls') options.tls = { cert, key };
  if (kind === 'node') options.accept = 'node';

  const wss = new WebSocket.Server(options);
  const server = { http: http_, kind, wss, codes: {}, dropped: 0 };

  if (kind === 'duplex') return server;
  if (http_ !== null) http_.listen(0, '127.0.0.1');
  await once(http_ ?? wss, 'listening');
  server.port = (http_ ?? wss).address().port;
  return server;
}

/** A bare socket to a server. */
function connectTo({ http: httpServer, kind, port }) {
  if (kind === 'duplex') {
    const { connectedDuplexes } = require(
      path.join(ROOT, '__test__/support/pieces.js')
    );
    const [near, far] = connectedDuplexes();

    httpServer.emit('connection', far);
    return near;
  }
  if (kind === 'https' || kind === 'tls') {
    return tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  }
  return net.connect(port, '127.0.0.1');
}

let made = null;

function certificate() {
  made ??= require(path.join(ROOT, 'examples/self-signed.js')).selfSigned();
  return made;
}

module.exports = { connectTo, openServer };

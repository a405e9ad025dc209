'use strict';

// The echo server on ws-rs: on that of this checkout, or of the one that
// BENCH_WS_RS in the environment names. WS_RS_TRANSPORT picks the transport.

const path = require('node:path');

const { serveWithWs, settings } = require('./control');

// A transport that ws-rs does not have would be measured as another one under
// its name.
const transports = ['stream', 'loop'];
const wanted = process.env.WS_RS_TRANSPORT;

if (wanted && !transports.includes(wanted)) {
  throw new Error(
    `ws-rs has no ${wanted} transport yet; it has ${transports.join(', ')} ` +
      '(see bench/servers/ws-rs.js)'
  );
}

const checkout = process.env.BENCH_WS_RS || path.join(__dirname, '..', '..');
const ws = require(path.join(checkout, 'index.js'));

/** Refuses to be measured on another transport than the one that was named. */
class CheckedServer extends ws.WebSocketServer {
  constructor(options) {
    super(options);
    this.on('connection', (socket) => {
      socket.once('message', () => {
        if (socket.transport === wanted || settings.tls) return;

        console.error(`a connection is on ${socket.transport}, not ${wanted}`);
        process.exit(1);
      });
    });
  }
}

serveWithWs(wanted ? { WebSocketServer: CheckedServer } : ws);

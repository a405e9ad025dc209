'use strict';

// The echo server on ws-rs; WS_RS_TRANSPORT in the environment picks the
// transport.

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

const ws = require('../..');

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

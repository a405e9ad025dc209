'use strict';

// An echo server that tells Prometheus how it is doing.
//
//   npm install prom-client
//   node examples/metrics.js            ws://127.0.0.1:8080
//   PORT=3000 node examples/metrics.js  another port (0 picks a free one)
//
// The numbers are at http://127.0.0.1:8080/metrics.

const { subscribe } = require('node:diagnostics_channel');
const http = require('node:http');

const { WebSocketServer } = require('..');
const { Counter, Gauge, Registry } = load('prom-client');

const register = new Registry();

/** Answers requests that are for no WebSocket. */
const server = http.createServer(async (request, response) => {
  if (request.url !== '/metrics') {
    response.writeHead(404).end();
    return;
  }

  response.setHeader('Content-Type', register.contentType);
  response.end(await register.metrics());
});

const wss = new WebSocketServer({
  heartbeat: { interval: 30_000, timeout: 10_000 },
  server
});

wss.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

gauge('connections', 'Connections that are open, by wire', 'wire', (m) => ({
  loop: m.connections.loop,
  stream: m.connections.stream,
  threads: m.connections.threads
}));
gauge('queued_bytes', 'Bytes that wait for slow peers', null, (m) => ({
  '': m.queuedBytes
}));
counter('opened_total', 'Connections that were opened', null, (m) => ({
  '': m.opened
}));
counter('closed_total', 'Those that were closed', 'code', (m) => m.closed);
counter('messages_total', 'Messages both ways', 'way', (m) => ({
  received: m.received.messages,
  sent: m.sent.messages
}));
counter('payload_bytes_total', 'Bytes of messages both ways', 'way', (m) => ({
  received: m.received.bytes,
  sent: m.sent.bytes
}));
counter('wire_bytes_total', 'Bytes of frames both ways', 'way', (m) => ({
  received: m.received.wireBytes,
  sent: m.sent.wireBytes
}));
counter('dropped_total', 'Messages that slow peers did not get', null, (m) => ({
  '': m.dropped
}));
counter('missed_total', 'Peers that did not answer', null, (m) => ({
  '': m.heartbeatsMissed
}));

// What no number says, as it happens: of all servers and clients of the process.
const errors = new Counter({
  name: 'websocket_errors_total',
  help: 'Errors of connections, by their codes',
  labelNames: ['code'],
  registers: [register]
});

subscribe('ws-rs:error', ({ error }) => {
  errors.inc({ code: error.code ?? 'none' });
});

server.listen(
  Number(process.env.PORT || 8080),
  process.env.HOST || '127.0.0.1',
  () => {
    const { address, port } = server.address();

    console.log(`Echoing on ws://${address}:${port}`);
    console.log(`Numbers at http://${address}:${port}/metrics`);
  }
);

function gauge(name, help, label, read) {
  new Gauge(options(name, help, label, read, 'set'));
}

/** What only grows. The server has counted it already: here it is taken over. */
function counter(name, help, label, read) {
  new Counter(options(name, help, label, read, 'inc'));
}

function options(name, help, label, read, method) {
  return {
    name: `websocket_${name}`,
    help,
    labelNames: label === null ? [] : [label],
    registers: [register],
    collect() {
      this.reset();
      for (const [key, value] of Object.entries(read(wss.metrics()))) {
        this[method](label === null ? {} : { [label]: key }, value);
      }
    }
  };
}

function load(name) {
  try {
    return require(name);
  } catch (err) {
    if (err.code !== 'MODULE_NOT_FOUND') throw err;

    console.error(`This example needs ${name}: npm install ${name}`);
    process.exit(1);
  }
}

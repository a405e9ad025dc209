'use strict';

// A server that sends when it is told to, and does something else right behind it: for timing.test.js.

const { listen, httpServer } = require('./wires');
const { WebSocket } = require('./implementation');

const how = JSON.parse(process.argv[2]);
const server = httpServer(how.wire);
const wss = new WebSocket.WebSocketServer({
  perMessageDeflate: how.deflate ?? false,
  server
});
const times = [];
let ws = null;

function send(text) {
  times.push(Date.now());
  ws.send(text);
}

/** Keeps the event loop from going on, and the processor for others. */
function work(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function sendAll() {
  for (const data of how.sends) {
    send(typeof data === 'number' ? Buffer.alloc(data, 'x') : data);
  }
}

const acts = {
  work() {
    sendAll();
    work(500);
    process.send(times);
  },
  again() {
    work(20);
    how.sends.forEach((data) => {
      send(data);
      work(20);
    });
    work(500);
    process.send(times);
  },
  apart() {
    for (let i = 0; i < 30; i++) {
      send(`item ${i}`);
      work(10);
    }
    process.send(times);
  },
  async iterate() {
    for await (const item of items()) send(item);
    send('end');
    process.send(times);
  },
  exit() {
    sendAll();
    process.exit(3);
  },
  signal() {
    sendAll();
    process.kill(process.pid, 'SIGTERM');
    work(500);
  },
  throw() {
    sendAll();
    throw new Error('Nobody catches this');
  }
};

async function* items() {
  for (let i = 0; i < 30; i++) {
    work(10);
    yield `item ${i}`;
  }
}

const act = acts[how.then];
const origins = {
  message: act,
  microtask: () => Promise.resolve().then(act),
  nextTick: () => process.nextTick(act),
  request: () => {},
  timer: () => setTimeout(act, 5)
};

wss.on('connection', (connected) => {
  ws = connected;
  ws.on('error', () => {});
  ws.on('message', origins[how.from]);
});
server.on('request', (request, response) => {
  act();
  response.end();
});
listen(how.wire, server).then(({ url }) => process.send(url));
process.on('disconnect', () => process.exit());

'use strict';

// A process that brings a connection into a state and ends: for exit.test.js.

const { turns } = require('../ends');
const { WebSocket } = require('../implementation');
const { httpServer, listen } = require('../wires');
const { Ledger } = require('./ledger');
const STATES = require('./states');

const { role, end, state, url, wire } = JSON.parse(process.argv[2]);
const { before, deflate, within } = STATES[state];
const perMessageDeflate = deflate ? { threshold: 0 } : false;

const ENDS = {
  'process.exit()': () => process.exit(),
  'a signal': () => process.kill(process.pid, 'SIGTERM'),
  'an exception': () => {
    throw new Error('Nobody catches this');
  }
};

async function finish(ws) {
  const ledger = new Ledger(ws);

  ws.on('error', () => {});
  await turns(20);
  if (before) await before(ledger, { socket: { pause() {} }, ws });
  // In a timer, so that what is thrown is not a rejection.
  setTimeout(() => {
    within(ledger);
    ENDS[end]();
  }, 1);
}

if (role === 'server') {
  const server = httpServer(wire);
  const wss = new WebSocket.WebSocketServer({ perMessageDeflate, server });

  wss.on('connection', finish);
  listen(wire, server).then((place) => process.send(place.url));
} else {
  const options = { perMessageDeflate, rejectUnauthorized: false };
  const ws = new WebSocket(url, options);

  ws.on('open', () => finish(ws));
}

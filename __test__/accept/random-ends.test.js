'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const WebSocket = require('../../lib/api/websocket');
const WebSocketServer = require('../../lib/api/websocket-server');
const createWebSocketStream = require('../../lib/api/stream');
const {
  BINARY,
  CLOSE,
  CONTINUATION,
  frame,
  MASK,
  PING,
  TEXT
} = require('../support/frames');
const { eventually } = require('../support/patience');
const { upgradeRequest } = require('../support/raw-http');

const ROUNDS = 25;

/** What a program does with a message. */
const ACTS = {
  'answers it': (ws, data) => ws.send(data),
  'answers it many times': (ws, data) => {
    for (let i = 0; i < 20; i++) ws.send(data);
  },
  'answers at length': (ws) => ws.send(Buffer.alloc(300_000)),
  'answers at great length': (ws) => ws.send(Buffer.alloc(6 << 20)),
  'says nothing': () => {},
  closes: (ws) => ws.close(1000, 'enough'),
  'answers and is gone': (ws, data) => {
    ws.send(data);
    ws.terminate();
  },
  'answers later': (ws, data) => setImmediate(() => sendIfOpen(ws, data)),
  'answers in the next tick': (ws, data) =>
    process.nextTick(() => sendIfOpen(ws, data)),
  'reads on later': (ws, data) => {
    ws.pause();
    ws.send(data);
    setTimeout(() => ws.resume(), 3);
  },
  'touches the socket': (ws, data) => {
    ws._socket.on('close', () => {});
    ws.send(data);
  },
  'tells all': (ws, data, wss) => {
    for (const other of wss.clients) sendIfOpen(other, data);
  },
  'asks back': (ws) => ws.ping('p'),
  'makes a stream of it': (ws) => {
    const stream = createWebSocketStream(ws);

    stream.on('error', () => {});
    stream.resume();
    stream.write('q');
  }
};

const masked = (opcode, data, fin = true) =>
  frame(opcode, data, { fin, mask: MASK });

/** What a peer sends before it ends. */
const BYTES = [
  masked(BINARY, 'A'),
  masked(TEXT, 'text'),
  masked(PING, 'p'),
  masked(BINARY, Buffer.alloc(200)),
  masked(BINARY, Buffer.alloc(70_000)),
  Buffer.concat([masked(TEXT, 'a', false), masked(CONTINUATION, 'b')]),
  masked(TEXT, 'half a message', false),
  masked(CLOSE, '\x03\xe8'),
  masked(BINARY, 'half a frame').subarray(0, 5),
  masked(3, 'bad')
];

const ENDS = ['end', 'end', 'destroy', 'destroySoon'];

function sendIfOpen(ws, data) {
  if (ws.readyState === WebSocket.OPEN) ws.send(data);
}

/** Numbers from 0 to below `count`, the same for the same seed. */
function dice(seed) {
  let state = seed;

  return (count) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % count;
  };
}

describe('Peers that end in any way', () => {
  for (const [seed, isUnix, isCompressed] of [
    [1, false, false],
    [2, false, true],
    [3, true, false]
  ]) {
    const where = isUnix ? 'on a Unix socket' : 'over TCP';
    const skip =
      isUnix && process.platform === 'win32' && 'Windows has no Unix sockets';

    it(
      `leave nothing open, ${where}, compressed: ${isCompressed}`,
      { skip },
      (t) => play(t, dice(seed), isUnix, isCompressed)
    );
  }
});

async function play(t, roll, isUnix, isCompressed) {
  const pick = (list) => list[roll(list.length)];
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-'));
  const server = http.createServer();
  const wss = new WebSocketServer({
    closeTimeout: 1000,
    perMessageDeflate: isCompressed && { threshold: 0 },
    server
  });
  const request = upgradeRequest(
    isCompressed ? { 'Sec-WebSocket-Extensions': 'permessage-deflate' } : {}
  );
  let act = '';
  let opened = 0;
  let closed = 0;

  t.after(() => {
    for (const ws of wss.clients) ws.terminate();
    server.close();
    fs.rmSync(folder, { force: true, recursive: true });
  });
  wss.on('connection', (ws) => {
    opened++;
    ws.on('error', () => {});
    ws.on('close', () => closed++);
    ws.on('message', (data) => ACTS[act](ws, data, wss));
  });
  server.listen(
    isUnix ? path.join(folder, 'socket') : { host: '127.0.0.1', port: 0 }
  );
  await once(server, 'listening');

  const address = isUnix
    ? { path: server.address() }
    : { host: '127.0.0.1', port: server.address().port };

  for (let round = 0; round < ROUNDS; round++) {
    const peers = [];

    act = pick(Object.keys(ACTS));
    for (let i = pick([1, 2, 3, 5, 9, 10, 30]); i > 0; i--) {
      const peer = net.connect({ ...address, allowHalfOpen: roll(2) === 0 });

      peer.on('error', () => {});
      peer.write(request);
      await once(peer, 'data');
      peer.resume();
      peers.push(peer);
    }
    // Promoted, or not yet.
    if (roll(3) > 0) await sleep(3);
    for (const peer of peers) {
      for (let i = roll(4); i > 0; i--) peer.write(pick(BYTES));
    }
    for (const peer of peers) peer[pick(ENDS)]();
    await eventually(
      () => wss.clients.size === 0,
      () => `${wss.clients.size} of ${peers.length}, who ${act}: ${round}`
    );
    for (const peer of peers) peer.destroy();
  }
  assert.ok(opened >= ROUNDS);
  assert.strictEqual(closed, opened);
}

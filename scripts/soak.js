'use strict';

/**
 * Opens and closes many connections in every way, and counts what is left.
 *
 *   npm run soak -- [--connections <n>] [--width <n>]
 *
 * Client and server are in this process, on loopback; 100,000 connections in
 * 50 at a time by default. Each way to close has its turn, right after opening
 * (while the connections are promoted) and after messages. Of 20 connections one
 * is given up in the middle of its request, one asks slowly, and one is reset as
 * soon as it was answered. Fails if there are
 * more descriptors, handles, listeners or clients afterwards, or if the memory
 * still grows.
 */

const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const { setImmediate: turn } = require('node:timers/promises');
const { parseArgs } = require('node:util');

const WebSocket = require('..');

/** MiB that the second half may add; what is measured is some MiB unsteady. */
const MAX_GROWTH = 24;
const ROUNDS = 10;

/** Ways to close: called with the client and the server's end. */
const WAYS = {
  'client closes': (client) => client.close(),
  'server closes': (client, peer) => peer.close(1000),
  'client terminates': (client) => client.terminate(),
  'server terminates': (client, peer) => peer.terminate(),
  'client resets': (client) => client._socket.resetAndDestroy(),
  'server resets': (client, peer) => peer._socket.resetAndDestroy(),
  'client ends': (client) => client._socket.end(),
  'both terminate': (client, peer) => {
    client.terminate();
    peer.terminate();
  }
};

/** When: before, while and after the connection is promoted, and in traffic. */
const MOMENTS = {
  'at once': async () => {},
  'while promoting': () => turn(),
  'after a message': async (client) => {
    client.send('a');
    await messageOrClose(client);
  },
  'in the middle of one': async (client, peer) => {
    peer.send(LARGE);
    client.send(LARGE);
    await turn();
    await turn();
  },
  'while paused': async (client, peer) => {
    await turn();
    peer.pause();
    client.send('a');
    await turn();
  }
};

const LARGE = Buffer.alloc(100_000);

const REQUEST = [
  'GET /raw HTTP/1.1',
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n'
].join('\r\n');

/** Clients that are none: of each kind one in twenty. */
const RAW = {
  'half a request': (socket) => {
    socket.write(REQUEST.slice(0, 60));
    setTimeout(() => socket.destroy(), 5);
  },
  'a slow request': (socket) => {
    const isSilent = Math.random() < 0.5;

    if (!isSilent) socket.write(REQUEST.slice(0, 60));
    setTimeout(() => {
      socket.write(isSilent ? REQUEST : REQUEST.slice(60));
      socket.once('data', () => socket.destroy());
    }, 10);
  },
  'a reset': (socket) => {
    socket.write(REQUEST);
    socket.once('data', () => socket.resetAndDestroy());
  }
};

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '100000' },
    width: { type: 'string', default: '50' }
  }
});

main(Number(values.connections), Number(values.width)).catch((err) => {
  console.error(`soak: ${err.stack}`);
  process.exitCode = 1;
});

async function main(total, width) {
  if (!(total >= 1 && width >= 1)) {
    throw new Error('--connections and --width take numbers from 1 on');
  }
  if (typeof gc !== 'function') {
    require('node:v8').setFlagsFromString('--expose-gc');
    globalThis.gc = require('node:vm').runInNewContext('gc');
  }

  const server = http.createServer();
  const wss = new WebSocket.Server({ server });
  const peers = new Map();
  const transports = {};

  wss.on('connection', (ws, request) => {
    ws.on('message', (data) => ws.send(data));
    ws.on('error', () => {});
    peers.get(request.url)?.(ws);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const url = `ws://127.0.0.1:${server.address().port}`;
  const context = { peers, transports, url };

  // Fills caches, pools and the lists of Node.
  await run(context, Math.min(total, 2000), width);
  const before = await measure(wss, server);
  const rows = [];

  for (const name of Object.keys(transports)) transports[name] = 0;
  console.log(
    'connections  fds  sockets  listeners  clients  heap MiB  rss MiB'
  );
  print(0, before);

  for (let round = 1; round <= ROUNDS; round++) {
    await run(context, Math.ceil(total / ROUNDS), width);
    rows.push(await measure(wss, server));
    print(round * Math.ceil(total / ROUNDS), rows.at(-1));
  }

  console.log(`transports when closed: ${JSON.stringify(transports)}`);
  server.close();

  const last = rows.at(-1);
  const half = rows[ROUNDS / 2 - 1];
  const problems = [
    ...['fds', 'sockets', 'listeners', 'clients']
      .filter((name) => last[name] > before[name])
      .map((name) => `${last[name] - before[name]} more ${name}`),
    ...['heap', 'rss']
      .filter((name) => last[name] - half[name] > MAX_GROWTH)
      .map((name) => `${name} grows: ${half[name]} to ${last[name]} MiB`)
  ];

  if (problems.length > 0) throw new Error(problems.join('; '));
  console.log('soak: nothing is left behind');
}

/** Opens and closes so many connections, some at a time. */
async function run(context, count, width) {
  const ways = Object.values(WAYS);
  const moments = Object.values(MOMENTS);
  let next = 0;

  async function work() {
    while (next < count) {
      const n = next++;
      const way = ways[n % ways.length];
      const moment = moments[Math.floor(n / ways.length) % moments.length];

      const raw = Object.values(RAW)[n % 20];

      if (raw !== undefined) await openRaw(context.url, raw);
      else await openAndClose(context, `/${n}`, way, moment);
    }
  }

  await Promise.all(Array.from({ length: width }, work));
}

async function openRaw(url, use) {
  const socket = net.connect(new URL(url).port, '127.0.0.1');

  socket.on('error', () => {});
  socket.once('connect', () => use(socket));
  await new Promise((resolve) => socket.once('close', resolve));
}

async function openAndClose({ peers, transports, url }, path, way, moment) {
  const connected = new Promise((resolve) => peers.set(path, resolve));
  const client = new WebSocket(url + path);

  client.on('error', () => {});
  await once(client, 'open');

  const peer = await connected;
  const over = Promise.all([closeOf(client), closeOf(peer)]);

  peers.delete(path);
  await moment(client, peer);
  transports[peer.transport] = (transports[peer.transport] ?? 0) + 1;
  way(client, peer);
  // A paused one sees the end when it reads on.
  if (peer.isPaused) {
    await turn();
    peer.resume();
  }
  await over;
}

function closeOf(ws) {
  return new Promise((resolve) => {
    if (ws.readyState === WebSocket.CLOSED) resolve();
    else ws.once('close', resolve);
  });
}

function messageOrClose(ws) {
  return new Promise((resolve) => {
    ws.once('message', resolve);
    ws.once('close', resolve);
  });
}

async function measure(wss, server) {
  // The last handles are closed in later turns, finalizers run in others.
  for (let i = 0; i < 10; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  const { heapUsed, rss } = process.memoryUsage();
  const emitters = [server, wss, process];

  return {
    clients: wss.clients.size,
    fds: fs.existsSync('/proc/self/fd')
      ? fs.readdirSync('/proc/self/fd').length
      : 0,
    heap: Math.round(heapUsed / 2 ** 20),
    listeners: emitters
      .flatMap((emitter) =>
        emitter.eventNames().map((name) => emitter.listenerCount(name))
      )
      .reduce((sum, count) => sum + count, 0),
    rss: Math.round(rss / 2 ** 20),
    sockets: process
      .getActiveResourcesInfo()
      .filter((name) => name === 'TCPSocketWrap').length
  };
}

function print(count, row) {
  console.log(
    [
      String(count).padStart(11),
      String(row.fds).padStart(3),
      String(row.sockets).padStart(7),
      String(row.listeners).padStart(9),
      String(row.clients).padStart(7),
      String(row.heap).padStart(8),
      String(row.rss).padStart(7)
    ].join('  ')
  );
}

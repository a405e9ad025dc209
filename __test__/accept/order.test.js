'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { describe, it } = require('node:test');

const { WebSocket } = require('../support/implementation');
const { until } = require('../support/loop');
const { portOf } = require('../support/raw-http');
const { listen, onlyHere } = require('../support/wires');

/** A busy machine may mix them up, as it does with ws. */
const ATTEMPTS = 10;

/** In which order clients that are made at once are opened, and seen by the server. */
async function ordersOf(count) {
  const wss = new WebSocket.Server({ host: '127.0.0.1', port: 0 });
  const url = `ws://127.0.0.1:${await portOf(wss)}`;
  const clients = [];
  const opened = [];
  const seen = [];

  wss.on('connection', (ws, request) => seen.push(Number(request.url[1])));
  for (let i = 0; i < count; i++) {
    const ws = new WebSocket(`${url}/${i}`);

    clients.push(ws);
    ws.on('open', () => opened.push(i));
  }
  await until(() => opened.length === count && seen.length === count);
  for (const ws of clients) ws.terminate();
  wss.close();
  await once(wss, 'close');
  return { opened, seen };
}

/** A server that does not listen yet. */
function newServer() {
  const server = http.createServer();

  return { server, wss: new WebSocket.Server({ server }) };
}

/** Begins to listen, and does not wait until the server says that it does. */
function listenSoon(server) {
  server.listen(0);

  return {
    close: () => {},
    url: `ws://127.0.0.1:${server.address().port}`
  };
}

/** What both ends of clients that are made at once see, and what the server does then. */
async function eventsOf({ server, wss }, listening, count, onConnection) {
  const { clientOptions, close, url } = listening;
  const clients = [];
  const seen = [];
  let isOver = 0;

  wss.on('connection', (ws) => {
    const i = seen.filter((event) => event.startsWith('connection')).length;

    seen.push(`connection ${i}`);
    onConnection(ws);
  });
  for (let i = 0; i < count; i++) {
    const ws = new WebSocket(url, clientOptions);

    clients.push(ws);
    ws.on('open', () => seen.push(`open ${i}`));
    ws.on('message', (data) => seen.push(`${data} ${i}`));
    ws.on('close', () => isOver++);
  }
  await until(() => isOver === count);
  wss.close();
  server.close();
  await close();
  return seen;
}

/** Asserts that one of some attempts gives that. */
async function comeTo(wanted, attempt) {
  let seen;

  for (let i = 0; i < ATTEMPTS; i++) {
    seen = await attempt();
    if (JSON.stringify(seen) === JSON.stringify(wanted)) break;
  }

  assert.deepStrictEqual(seen, wanted);
}

const isMixed =
  process.platform !== 'linux' || process.env.WS_RS_IO_THREADS !== undefined;

describe('Clients that are made at once in the process of their server', () => {
  const last = {
    'that greets them': (ws) => {
      ws.send('hello');
      setTimeout(() => ws.close(), 20);
    },
    'that terminates them soon': (ws) => setTimeout(() => ws.terminate(), 20)
  };

  for (const wire of onlyHere(['tcp', 'unix'])) {
    for (const count of [1, 2, 3]) {
      for (const [name, onConnection] of Object.entries(last)) {
        it(
          `are opened one by one, ${count} of them, over ${wire}, by one ${name}`,
          { skip: isMixed },
          async () => {
            const wanted = Array.from({ length: count }, (_, i) => [
              `connection ${i}`,
              `open ${i}`,
              ...(name === 'that greets them' ? [`hello ${i}`] : [])
            ]).flat();

            await comeTo(wanted, async () => {
              const servers = newServer();
              const listening = await listen(wire, servers.server);

              return eventsOf(servers, listening, count, onConnection);
            });
          }
        );
      }
    }
  }
});

describe('Clients that are made before their server says that it listens', () => {
  for (const count of [2, 3, 9]) {
    it(
      `are opened one by one, ${count} of them`,
      { skip: isMixed },
      async () => {
        const wanted = Array.from({ length: count }, (_, i) => [
          `connection ${i}`,
          `open ${i}`
        ]).flat();

        await comeTo(wanted, () => {
          const servers = newServer();
          const listening = listenSoon(servers.server);

          return eventsOf(servers, listening, count, (ws) =>
            setTimeout(() => ws.terminate(), 20)
          );
        });
      }
    );
  }
});

describe('Clients that are made at once', () => {
  for (const count of [2, 3, 9]) {
    it(`are opened in that order, ${count} of them`, async () => {
      const inOrder = Array.from({ length: count }, (_, i) => i);

      await comeTo({ opened: inOrder, seen: inOrder }, () => ordersOf(count));
    });
  }
});

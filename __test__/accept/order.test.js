'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { WebSocket } = require('../support/implementation');
const { until } = require('../support/loop');
const { portOf } = require('../support/raw-http');

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

describe('Clients that are made at once', () => {
  for (const count of [2, 3, 9]) {
    it(`are opened in that order, ${count} of them`, async () => {
      const inOrder = Array.from({ length: count }, (_, i) => i);
      const wanted = { opened: inOrder, seen: inOrder };
      let orders;

      for (let i = 0; i < ATTEMPTS; i++) {
        orders = await ordersOf(count);
        if (JSON.stringify(orders) === JSON.stringify(wanted)) break;
      }

      assert.deepStrictEqual(orders, wanted);
    });
  }
});

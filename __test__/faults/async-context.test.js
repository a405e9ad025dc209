'use strict';

// The store of an AsyncLocalStorage in the listeners of a connection is the same for its life,
// whatever reads its socket at the moment.

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { turns, until } = require('../support/ends');
const { Peer, WebSocket } = require('../support/implementation');
const { httpServer, listen, WIRES } = require('../support/wires');

/** What makes a connection be read in another way, or not. */
const touches = {
  nothing: () => {},
  "a 'data' listener": (ws) => ws._socket.on('data', () => {}),
  'setTimeout()': (ws) => ws._socket.setTimeout(60000),
  'pause() and resume()': async (ws) => {
    ws.pause();
    await turns();
    ws.resume();
  },
  'a look at the receiver': (ws) => ws._receiver,
  cork: (ws) => (ws._socket.cork(), ws._socket.uncork())
};

/** The stores that listeners see before and after a touch. */
async function storesOf(t, { compressed, role, touch, wire }) {
  const storage = new AsyncLocalStorage();
  const isServer = role === 'server';
  const perMessageDeflate = compressed && { threshold: 0 };
  const server = httpServer(wire);
  const place = await listen(wire, server);
  const Server = (isServer ? WebSocket : Peer).WebSocketServer;
  const Client = isServer ? Peer : WebSocket;
  const wss = new Server({ noServer: true, perMessageDeflate });
  const stores = [];
  let accepted = null;

  t.after(() => {
    accepted?.terminate();
    place.close();
  });
  server.on('upgrade', (request, socket, head) => {
    storage.run('upgrade', () => {
      wss.handleUpgrade(request, socket, head, (ws) => (accepted = ws));
    });
  });

  const client = storage.run('made', () => {
    return new Client(place.url, { ...place.clientOptions, perMessageDeflate });
  });

  t.after(() => client.terminate());
  await once(client, 'open');
  await until(() => accepted !== null);

  const [near, far] = isServer ? [accepted, client] : [client, accepted];

  storage.run('listener', () => {
    for (const event of ['message', 'ping', 'pong', 'close']) {
      near.on(event, () => stores.push(String(storage.getStore())));
    }
  });

  let count = 0;
  const sendAll = async () => {
    for (const send of [
      () => far.send('a message'),
      () => far.ping(),
      () => far.pong(),
      () => far.send(Buffer.alloc(100000))
    ]) {
      send();
      count++;
      await until(() => stores.length === count);
    }
    far.send('two');
    far.send('together');
    count += 2;
    await until(() => stores.length === count);
  };

  await sendAll();
  await turns();
  await sendAll();
  await touches[touch](near);
  await sendAll();
  await turns();
  await sendAll();
  far.close();
  await until(() => stores.length === count + 1);
  return stores;
}

describe('the store of a connection', () => {
  for (const touch of Object.keys(touches)) {
    for (const wire of WIRES) {
      // A plain stream has no timeouts.
      if (touch === 'setTimeout()' && wire === 'duplex') continue;

      it(`is the same for each event: ${touch} (${wire})`, async (t) => {
        for (const role of ['server', 'client']) {
          const how = { compressed: false, role, touch, wire };
          const stores = await storesOf(t, how);

          // That of the client is where it was made; over TLS, Node has its own view.
          assert.strictEqual(new Set(stores).size, 1, `${role}: ${stores}`);
        }
      });
    }
  }

  it('is that of the connection alone, between two in one batch', async (t) => {
    const storage = new AsyncLocalStorage();
    const server = httpServer('tcp');
    const place = await listen('tcp', server);
    const wss = new Peer.WebSocketServer({ server });
    const clients = [];
    const seen = [];

    t.after(() => {
      for (const ws of wss.clients) ws.terminate();
      place.close();
    });
    for (let i = 0; i < 5; i++) {
      const ws = storage.run(`client ${i}`, () => new WebSocket(place.url));

      ws.on('message', () => seen.push([i, storage.getStore()]));
      await once(ws, 'open');
      clients.push(ws);
    }

    for (let round = 1; round <= 3; round++) {
      await turns();
      for (const ws of wss.clients) ws.send('to all');
      await until(() => seen.length === 5 * round);
    }
    for (const [i, store] of seen) assert.strictEqual(store, `client ${i}`);
  });
});

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { serveOn } = require('../support/accepted');
const { until } = require('../support/loop');

const skip = isAvailable ? false : 'there is no native wire to accept with';

/** Opens connections on which nothing comes, and waits until a server has them. */
async function connectSilently(t, server, port, count) {
  const clients = [];

  // One after the other: the first comes with a handle, others without.
  for (let i = 0; i < count; i++) {
    const client = net.connect(port, '127.0.0.1').resume();

    client.on('error', () => {});
    t.after(() => client.destroy());
    clients.push(client);
    await once(client, 'connect');
    await until(() => server._connections === i + 1);
  }

  return clients;
}

describe('WaitingHandles', { skip }, () => {
  const triggers = {
    'closeAllConnections()': (server) => server.closeAllConnections(),
    'close()': (server) => server.close(),
    'the next look at those that have waited': () => {}
  };

  for (const [name, trigger] of Object.entries(triggers)) {
    it(`gives each to Node once by ${name}, though a listener asks for all again`, async (t) => {
      const server = http.createServer();
      const { port } = await serveOn(t, server);
      const clients = await connectSilently(t, server, port, 5);
      const sockets = [];
      let isClosed = false;

      server.on('close', () => (isClosed = true));

      server.on('connection', (socket) => {
        if (sockets.push(socket) > 1) return;

        server.closeAllConnections();
        server.close();
      });
      trigger(server);
      await until(() => isClosed && clients.every(({ closed }) => closed));
      assert.strictEqual(new Set(sockets).size, 5);
      assert.strictEqual(sockets.length, 5);
      assert.strictEqual(server._connections, 0);
    });
  }
});

'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { until } = require('../support/loop');
const { connectTls, serveTls } = require('../support/own-tls');

const skip = isAvailable ? false : 'there is no native wire to accept with';

describe('Handshakes', { skip }, () => {
  it('gives each that is through to the server once, though a listener asks for all again', async (t) => {
    const { port, wss } = await serveTls(t);
    const server = wss._server;
    const clients = [];
    const sockets = [];
    let isClosed = false;

    for (let i = 0; i < 4; i++) {
      const client = await connectTls(t, port);

      client.on('error', () => {});
      clients.push(client.resume());
    }
    // The server may be about to hear of the end of the handshake.
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);

    server.on('close', () => (isClosed = true));
    server.on('secureConnection', (socket) => {
      if (sockets.push(socket) > 1) return;

      server.closeAllConnections();
      server.close();
    });
    server.closeAllConnections();
    await until(() => isClosed && clients.every(({ closed }) => closed));
    assert.strictEqual(new Set(sockets).size, 4);
    assert.strictEqual(sockets.length, 4);
    assert.strictEqual(server._connections, 0);
  });
});

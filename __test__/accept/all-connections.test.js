'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { promisify } = require('node:util');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { isAvailable } = require('../../lib/wire/promotion');
const { serveOn } = require('../support/accepted');
const { connectTls, serveTls } = require('../support/own-tls');

const skip = isAvailable ? false : 'there is no native wire to accept with';

/** Connects and says nothing. */
async function connectSilently(t, port) {
  const client = net.connect(port, '127.0.0.1');

  client.on('error', () => {});
  t.after(() => client.destroy());
  await once(client, 'connect');
  return client;
}

/** Waits until a server has so many connections. */
async function counts(server, expected) {
  const count = promisify(server.getConnections.bind(server));

  while ((await count()) !== expected) await new Promise(setImmediate);
}

const closing = (client) =>
  once(client, 'close', { signal: AbortSignal.timeout(400) });

describe('closeAllConnections()', { skip }, () => {
  it('ends those on which nothing has come yet', async (t) => {
    const server = http.createServer();
    const { port } = await serveOn(t, server);

    // The second one is taken without a handle.
    for (let round = 0; round < 2; round++) {
      const clients = [];

      for (let i = 1; i <= 2; i++) {
        clients.push(await connectSilently(t, port));
        await counts(server, i);
      }

      const closed = Promise.all(clients.map(closing));

      for (const client of clients) client.resume();
      server.closeAllConnections();
      await closed;
      await counts(server, 0);
    }
  });

  it('ends them when the server has begun to listen anew', async (t) => {
    const server = http.createServer();

    await serveOn(t, server);
    await connectSilently(t, server.address().port);
    await counts(server, 1);

    const ended = once(server, 'close');

    server.close();
    server.closeAllConnections();
    await ended;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    const client = await connectSilently(t, server.address().port);
    const closed = closing(client.resume());

    await counts(server, 1);
    server.closeAllConnections();
    await closed;
  });

  it('ends those whose TLS handshake is through', async (t) => {
    const { port, wss } = await serveTls(t);
    const client = await connectTls(t, port);
    const closed = closing(client.resume());

    client.on('error', () => {});
    await counts(wss._server, 1);
    // The server may be about to hear of the end of the handshake.
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    wss._server.closeAllConnections();
    await closed;
  });
});

describe('What is idle', { skip }, () => {
  // It is up to Node whether one on which nothing has come is.
  for (const method of ['close', 'closeIdleConnections']) {
    it(`is ended by ${method}() as it is by Node`, async (t) => {
      const outcomes = [];

      for (const accept of ['node', 'native']) {
        const server = http.createServer();
        const { port } = await serveOn(t, server, { accept });
        const client = await connectSilently(t, port);

        await counts(server, 1);
        client.resume();
        server[method]();
        outcomes.push(
          await Promise.race([
            once(client, 'close').then(() => 'closed'),
            sleep(100, 'open')
          ])
        );
      }

      assert.strictEqual(outcomes[1], outcomes[0]);
    });
  }
});

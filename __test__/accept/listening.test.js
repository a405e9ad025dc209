'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { connected, serveOn } = require('../support/accepted');
const { upgradeRequest } = require('../support/raw-http');

const skip = isAvailable ? false : 'there is no native wire to accept with';

describe('What comes on a listening handle', { skip }, () => {
  const serveSome = async (t, server) => {
    const { port, wss } = await serveOn(t, server);

    // The second one is taken without a handle.
    for (let i = 0; i < 2; i++) await connected(t, wss, port);

    return { port, wss };
  };
  const connect = async (t, port) => {
    const client = net.connect(port, '127.0.0.1');

    client.on('error', () => {});
    t.after(() => client.destroy());
    client.write(upgradeRequest());
    await once(client, 'connect');
  };

  it('is of the server that listened on it last', async (t) => {
    const server = http.createServer();
    const { port } = await serveSome(t, server);
    const other = net.createServer();

    t.after(() => other.close());
    other.listen(server);
    await once(other, 'listening');

    for (let i = 0; i < 3; i++) {
      const [[socket]] = await Promise.all([
        once(other, 'connection', { signal: AbortSignal.timeout(5000) }),
        connect(t, port)
      ]);

      t.after(() => socket.destroy());
    }
  });

  it('is first seen by who stands before "onconnection"', async (t) => {
    const server = http.createServer();
    const { port, wss } = await serveSome(t, server);
    const handle = server._handle;
    const { onconnection } = handle;
    let count = 0;

    handle.onconnection = function seen(...args) {
      count++;
      return onconnection.apply(this, args);
    };

    for (let i = 1; i <= 3; i++) {
      await connected(t, wss, port);
      assert.strictEqual(count, i);
    }
  });
});

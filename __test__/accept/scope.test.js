'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');

const ours = require('../..');
const theirs = require('ws');

const UPGRADE =
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/**
 * Opens connections to a server that listened before it had a `WebSocketServer`; gives the
 * stores that a program sees meanwhile.
 */
async function storesOf({ WebSocketServer }) {
  const storage = new AsyncLocalStorage();
  const seen = [];
  const note = (name) => seen.push(`${name}: ${storage.getStore() ?? 'none'}`);
  const server = http.createServer((request, response) => {
    note('request');
    response.end();
  });

  await storage.run('listen', () => {
    server.listen(0, '127.0.0.1');
    return once(server, 'listening');
  });

  const wss = storage.run(
    'made',
    () =>
      new WebSocketServer({
        server,
        verifyClient() {
          note('verifyClient');
          return true;
        }
      })
  );

  wss.on('headers', () => note('headers'));
  wss.on('connection', () => note('connection'));

  // In one piece, in two, a page, and once more.
  for (const pieces of [
    [UPGRADE],
    [UPGRADE.slice(0, 30), UPGRADE.slice(30)],
    ['GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    [UPGRADE]
  ]) {
    const socket = net.connect(server.address().port, '127.0.0.1');

    for (const piece of pieces) {
      socket.write(piece);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }

    await once(socket, 'data');
    socket.destroy();
  }

  server.close();
  await once(server, 'close');
  return seen;
}

test('connections are opened in the context in which the server began to listen, as with ws', async () => {
  const expected = await storesOf(theirs);

  assert.deepStrictEqual(await storesOf(ours), expected);
});

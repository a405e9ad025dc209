'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { turns, until } = require('../support/loop');
const { connectThrough, connectTls, serveTls } = require('../support/own-tls');

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

  for (const [what, code, act] of [
    ['a reset', 'ECONNRESET', (raw) => raw.resetAndDestroy()],
    [
      'a record that cannot be read',
      'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
      (raw) => raw.write(`\x17\x03\x03\0\x20${'a'.repeat(32)}`, 'latin1')
    ]
  ]) {
    it(`have not failed if ${what} comes behind them: it is an error of the socket's`, async (t) => {
      const { port, wss } = await serveTls(t);
      const seen = [];
      const { raw, socket } = await connectThrough(t, port, (bytes, to, done) =>
        to.write(bytes, done)
      );

      socket.on('error', () => {});
      for (const event of ['clientError', 'tlsClientError']) {
        wss._server.on(event, (err) => seen.push(`${event} ${err.code}`));
      }
      await turns();
      act(raw);
      await until(() => seen.length > 0);
      await turns();
      assert.deepStrictEqual(seen, [`clientError ${code}`]);
    });
  }
});

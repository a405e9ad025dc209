'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { serveOn } = require('../support/accepted');
const { upgradeRequest } = require('../support/raw-http');

const skip = isAvailable ? false : 'there is no native wire to accept with';

/** Has what nobody catches go to a listener. */
function catchUncaught(t, listener) {
  const listeners = process.listeners('uncaughtException');

  process.removeAllListeners('uncaughtException');
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const one of listeners) process.on('uncaughtException', one);
  });
  process.on('uncaughtException', listener);
}

function fail() {
  throw new Error('A fault of the program');
}

/** What a program has throw before a connection is open. */
const FAULTS = {
  'a listener to headers': [{}, (wss) => wss.on('headers', fail)],
  handleProtocols: [{ handleProtocols: fail }],
  shouldHandle: [{}, (wss) => (wss.shouldHandle = fail)],
  verifyClient: [{ verifyClient: fail }]
};

describe('A connection that a program leaves in the middle', { skip }, () => {
  const isClosedBehind = async (t, wss, port, protocols, isSeen) => {
    const { _server: server } = wss;
    const client = net.connect(port, '127.0.0.1');

    client.on('error', () => {});
    client.write(upgradeRequest({ 'Sec-WebSocket-Protocol': protocols }));
    await isSeen;
    assert.strictEqual(server._connections, 1);
    client.resetAndDestroy();
    server.close();
    // It comes with the last connection.
    await once(server, 'close', { signal: AbortSignal.timeout(2000) });
  };

  for (const [title, [options, prepare]] of Object.entries(FAULTS)) {
    it(`is closed with its client although it threw (${title})`, async (t) => {
      const messages = [];
      const isSeen = new Promise((resolve) => {
        catchUncaught(t, ({ message }) => {
          messages.push(message);
          resolve();
        });
      });
      const { port, wss } = await serveOn(t, http.createServer(), options);

      prepare?.(wss);
      await isClosedBehind(t, wss, port, 'a', isSeen);
      // The reset is no error of the program.
      assert.deepStrictEqual(messages, ['A fault of the program']);
    });
  }

  it('is closed with its client if wsClientError lets it be', async (t) => {
    const { port, wss } = await serveOn(t, http.createServer());

    await isClosedBehind(t, wss, port, 'a, a', once(wss, 'wsClientError'));
    assert.strictEqual(wss.metrics().acceptedNatively, 0);
  });
});

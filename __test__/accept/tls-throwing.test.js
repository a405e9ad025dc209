'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { connectTls, serveTls, upgradeRequest } = require('../support/own-tls');

const skip = !isAvailable && 'TLS is of Node without the native wire';

/** Resolves with the message of the next thing that nobody catches. */
function nextUncaught(t) {
  const listeners = process.listeners('uncaughtException');

  process.removeAllListeners('uncaughtException');
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const one of listeners) process.on('uncaughtException', one);
  });
  return new Promise((resolve) => {
    process.on('uncaughtException', ({ message }) => resolve(message));
  });
}

function fail() {
  throw new Error('A fault of the program');
}

/** What a program has throw before a connection is open. */
const faults = {
  'a listener to headers': [{}, (wss) => wss.on('headers', fail)],
  handleProtocols: [{ handleProtocols: fail }],
  verifyClient: [{ verifyClient: fail }]
};

describe('a connection over TLS', { skip }, () => {
  for (const [title, [options, prepare]] of Object.entries(faults)) {
    it(`is closed with its client although a program threw (${title})`, async (t) => {
      const { port, wss } = await serveTls(t, {}, options);
      const uncaught = nextUncaught(t);
      const socket = await connectTls(t, port);

      prepare?.(wss);
      socket.write(
        upgradeRequest().replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: a$&')
      );
      assert.strictEqual(await uncaught, 'A fault of the program');
      assert.strictEqual(wss._server._connections, 1);
      socket.destroy();
      // It comes with the last connection.
      wss.close();
      await once(wss, 'close');
    });
  }

  it('is closed if a listener to tlsClientError throws', async (t) => {
    const { port, wss } = await serveTls(t);
    const uncaught = nextUncaught(t);
    const socket = net.connect(port, '127.0.0.1');

    socket.on('error', () => {});
    wss.on('tlsClientError', fail);
    socket.resume().write('GET / HTTP/1.1\r\n\r\n');
    assert.strictEqual(await uncaught, 'A fault of the program');
    await new Promise((resolve) => socket.once('close', resolve));
    assert.strictEqual(wss._server._connections, 0);
  });
});

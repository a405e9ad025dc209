'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const https = require('node:https');
const net = require('node:net');
const { Duplex } = require('node:stream');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { isAvailable } = require('../../lib/wire/promotion');
const { ownIdentity, serveTls } = require('../support/own-tls');
const { portOf } = require('../support/raw-http');

const skip = !isAvailable && 'TLS is of Node without the native wire';
/** The numbers of alerts that end a handshake (RFC 8446, section 6, and older ones). */
const ALERTS = [
  10, 20, 22, 30, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 60, 70, 71, 80,
  86, 90, 100, 109, 110, 111, 112, 113, 114, 115, 116, 120
];

/** The bytes with which a client of TLS 1.2 begins. */
function hello(t) {
  return new Promise((resolve) => {
    const wire = new Duplex({ read() {}, write: resolve });
    const client = tls.connect({ maxVersion: 'TLSv1.2', socket: wire });

    t.after(() => client.destroy());
    client.on('error', () => {});
  });
}

/** What a server says of a client that answers its hello with an alert. */
async function codeOf(server, port, first, alert) {
  const failed = once(server, 'tlsClientError');
  const socket = net.connect(port, '127.0.0.1');

  socket.on('error', () => {});
  socket.write(first);
  await once(socket, 'data');
  socket.write(Buffer.from([21, 3, 3, 0, 2, 2, alert]));

  const [{ code }] = await failed;

  socket.destroy();
  return code;
}

describe('An alert that ends a handshake', { skip }, () => {
  it('has the code that it has with an https.Server', async (t) => {
    const { port, wss } = await serveTls(t);
    const theirs = https.createServer(ownIdentity()).listen(0, '127.0.0.1');

    t.after(() => theirs.close());

    const theirPort = await portOf(theirs);
    const first = await hello(t);
    const [got, expected] = [{}, {}];

    for (const alert of ALERTS) {
      got[alert] = await codeOf(wss, port, first, alert);
      expected[alert] = await codeOf(theirs, theirPort, first, alert);
    }

    assert.deepStrictEqual(got, expected);
  });
});

/** What a server says of a client that begins with an alert, and what it answers. */
async function answerTo(server, port, bytes) {
  const failed = once(server, 'tlsClientError');
  const socket = net.connect(port, '127.0.0.1');
  const chunks = [];

  socket.on('error', () => {});
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(bytes);

  const [[{ code }]] = await Promise.all([failed, once(socket, 'close')]);

  return [code, Buffer.concat(chunks).toString('hex')];
}

describe('An alert instead of a hello', { skip }, () => {
  it('ends the connection at once, as with an https.Server', async (t) => {
    const SNICallback = (name, callback) => callback(null);
    const theirs = https.createServer(ownIdentity()).listen(0, '127.0.0.1');

    t.after(() => theirs.close());

    const theirPort = await portOf(theirs);

    // With an SNICallback the hello is looked at before there is a session.
    for (const options of [{}, { SNICallback }]) {
      const { port, wss } = await serveTls(t, options);

      for (const alert of [
        [21, 3, 1, 0, 2, 1, 0],
        [21, 3, 3, 0, 2, 1, 0],
        [21, 3, 1, 0, 2, 1, 90],
        [21, 3, 3, 0, 2, 2, 47]
      ]) {
        const bytes = Buffer.from(alert);

        assert.deepStrictEqual(
          await answerTo(wss, port, bytes),
          await answerTo(theirs, theirPort, bytes)
        );
      }
    }
  });
});

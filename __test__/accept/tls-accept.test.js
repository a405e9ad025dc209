'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const https = require('node:https');
const net = require('node:net');
const { text } = require('node:stream/consumers');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { WebSocketServer } = require('../..');
const { selfSigned } = require('../../examples/self-signed');
const { isAvailable } = require('../../lib/wire/promotion');
const { SLOWNESS } = require('../support/machine');
const {
  connectTls,
  openTls,
  readToEnd,
  serveTls,
  upgradeRequest
} = require('../support/own-tls');

const skip = !isAvailable && 'TLS is of Node without the native wire';
const trusting = { rejectUnauthorized: false };

describe('a server with the tls option', { skip }, () => {
  it('accepts natively and exchanges messages of all lengths', async (t) => {
    const server = await serveTls(t);
    const { client, peer } = await openTls(t, server);

    assert.strictEqual(peer.transport, 'loop');
    peer.on('message', (data, isBinary) =>
      peer.send(data, { binary: isBinary })
    );
    for (const length of [0, 1, 125, 126, 16_384, 65_535, 65_536, 1_000_000]) {
      const sent = Buffer.alloc(length, length);

      client.send(sent);

      const [data, isBinary] = await once(client, 'message');

      assert.ok(isBinary);
      assert.ok(sent.equals(data), `${length} bytes`);
    }

    const { acceptedNatively, connections } = server.wss.metrics();

    assert.deepStrictEqual([acceptedNatively, connections.loop], [1, 1]);
  });

  it('takes what it listens on once', async (t) => {
    const { cert, key } = selfSigned();
    const wss = new WebSocketServer({ port: 0, tls: { cert, key } });
    const { _handle: handle } = wss._server;
    const { onconnection } = handle;

    t.after(() => wss.close());
    await once(wss, 'listening');
    assert.strictEqual(handle.onconnection, onconnection);
  });

  it('hands frames that come with the request out by the next tick', async (t) => {
    const { port, wss } = await serveTls(t);
    const socket = await connectTls(t, port);
    const message = new Promise((resolve) => {
      wss.on('connection', (ws) => {
        ws.on('message', resolve);
        ws.terminate();
      });
    });

    socket.on('error', () => {});
    // A masked text frame: "hi".
    socket.write(upgradeRequest() + '\x81\x82\0\0\0\0hi', 'latin1');
    assert.strictEqual(String(await message), 'hi');
  });

  it('answers byte by byte as in one piece', async (t) => {
    const { port, wss } = await serveTls(t);
    const socket = await connectTls(t, port);
    const connected = once(wss, 'connection');

    socket.setNoDelay(true);
    for (const byte of upgradeRequest()) {
      socket.write(byte);
      await new Promise(setImmediate);
    }

    const [peer] = await connected;
    const [chunk] = await once(socket, 'data');

    assert.match(chunk.toString(), /^HTTP\/1.1 101 /);
    socket.write('\x81\x82\0\0\0\0hi', 'latin1');

    const [data] = await once(peer, 'message');

    assert.strictEqual(data.toString(), 'hi');
    peer.send('an answer');

    const [frame] = await once(socket, 'data');

    assert.strictEqual(frame.toString('latin1'), '\x81\x09an answer');
  });

  it('answers what asks for no upgrade with 426', async (t) => {
    const { port } = await serveTls(t);
    const [response] = await once(
      https.get({ ...trusting, port, agent: false }),
      'response'
    );

    response.resume();
    assert.strictEqual(response.statusCode, 426);
  });

  it('gives it to onRequest, if there is one', async (t) => {
    const { port, url, wss } = await serveTls(t, {
      onRequest(request, response) {
        response.end(`${request.method} ${request.socket.encrypted}`);
      }
    });
    const [response] = await once(
      https.get({ ...trusting, port, agent: false }),
      'response'
    );

    assert.strictEqual(await text(response), 'GET true');
    await openTls(t, { url, wss });
  });

  it('is served by Node with the option accept: "node"', async (t) => {
    const server = await serveTls(t, {}, { accept: 'node' });
    const { client, peer, request } = await openTls(t, server);

    assert.ok(request.socket instanceof tls.TLSSocket);
    peer.on('message', (data) => peer.send(data));
    client.send('hello');
    await once(client, 'message');
  });

  it('leaves a connection to Node that somebody would see', async (t) => {
    const server = await serveTls(t);

    server.wss._server.on('secureConnection', () => {});

    const { request } = await openTls(t, server);

    assert.ok(request.socket instanceof tls.TLSSocket);
    assert.deepStrictEqual(server.wss.metrics().acceptedByNode, {
      listener: 1
    });
  });

  it('refuses with 503 once it closes, and is closed with the last', async (t) => {
    const { port, url, wss } = await serveTls(t);
    const { client } = await openTls(t, { url, wss });
    const socket = await connectTls(t, port);
    const closed = once(wss, 'close');

    wss.close();
    socket.write(upgradeRequest());
    assert.match((await readToEnd(socket)).toString(), /^HTTP\/1.1 (503|426) /);
    client.terminate();
    await closed;
  });

  it('needs a port', () => {
    assert.throws(() => new WebSocketServer({ noServer: true, tls: {} }), {
      message: /"tls" option goes with "port"/,
      name: 'TypeError'
    });
  });
});

describe('a handshake that fails', { skip }, () => {
  /** Resolves with the error of the next one. */
  async function errorOf(wss) {
    const [error, address] = await new Promise((resolve) => {
      wss.once('tlsClientError', (err, socket) => {
        resolve([err, socket.remoteAddress]);
      });
    });

    assert.strictEqual(typeof address, 'string');
    return error;
  }

  it('is told of, if it is plain HTTP', async (t) => {
    const { port, wss } = await serveTls(t);
    const socket = net.connect(port, '127.0.0.1');

    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');

    const [error, answer] = await Promise.all([
      errorOf(wss),
      readToEnd(socket)
    ]);

    assert.strictEqual(error.code, 'ERR_SSL_HTTP_REQUEST');
    // An alert: unexpected_message.
    assert.strictEqual(answer[0], 21);
  });

  it('is told of, if it is rubbish', async (t) => {
    const { port, wss } = await serveTls(t);
    const socket = net.connect(port, '127.0.0.1');

    socket.write(Buffer.alloc(1000, 0xff));

    const [error] = await Promise.all([
      errorOf(wss),
      readToEnd(socket).catch(() => {})
    ]);

    assert.strictEqual(error.code, 'ERR_SSL_WRONG_VERSION_NUMBER');
  });

  it('is told of, if the client goes', async (t) => {
    const { port, wss } = await serveTls(t);
    const socket = net.connect(port, '127.0.0.1');

    // The first bytes of a hello.
    socket.end(Buffer.from([22, 3, 1, 2, 0]));
    socket.resume();
    assert.strictEqual((await errorOf(wss)).code, 'ECONNRESET');
  });

  it('is told of, if the client is silent for too long', async (t) => {
    const { port, wss } = await serveTls(t, { handshakeTimeout: 50 });
    const socket = net.connect(port, '127.0.0.1');

    socket.resume();

    const [error] = await Promise.all([errorOf(wss), once(socket, 'close')]);

    assert.strictEqual(error.code, 'ERR_TLS_HANDSHAKE_TIMEOUT');
  });

  it('lasts half a second longer than it may at most', async (t) => {
    const { port, wss } = await serveTls(t, { handshakeTimeout: 510 });
    const began = performance.now();
    const socket = net.connect(port, '127.0.0.1');

    socket.resume();
    await Promise.all([errorOf(wss), once(socket, 'close')]);

    const took = performance.now() - began;

    assert.ok(took > 509 && took < 1200 * SLOWNESS, `${took} ms`);
  });

  for (const [ciphers, code] of [
    // Of a server whose key is of an elliptic curve.
    ['ECDHE-RSA-AES128-GCM-SHA256', 'ERR_SSL_NO_SHARED_CIPHER'],
    // Such a client names no curve.
    ['AES128-GCM-SHA256', 'ERR_SSL_NO_SHARED_GROUP']
  ]) {
    it(`is told of, if both sides know no suite: ${ciphers}`, async (t) => {
      const { port, wss } = await serveTls(t);
      const socket = tls.connect({
        ...trusting,
        ciphers,
        maxVersion: 'TLSv1.2',
        port
      });
      const [error, [theirs]] = await Promise.all([
        errorOf(wss),
        once(socket, 'error')
      ]);

      assert.strictEqual(error.code, code);
      // What is before that depends on the version of OpenSSL.
      assert.match(theirs.code, /_ALERT_HANDSHAKE_FAILURE$/);
    });
  }

  it('is told of, if the client speaks old versions only', async (t) => {
    const { port, wss } = await serveTls(t, { minVersion: 'TLSv1.3' });
    const socket = tls.connect({ ...trusting, maxVersion: 'TLSv1.2', port });

    socket.on('error', () => {});
    assert.strictEqual(
      (await errorOf(wss)).code,
      'ERR_SSL_UNSUPPORTED_PROTOCOL'
    );
  });

  it('leaves nothing behind', async (t) => {
    const { port, url, wss } = await serveTls(t);

    for (let i = 0; i < 20; i++) {
      const socket = net.connect(port, '127.0.0.1');

      socket.write('GET / HTTP/1.1\r\n\r\n');
      await Promise.all([errorOf(wss), readToEnd(socket).catch(() => {})]);
    }

    await openTls(t, { url, wss });
    assert.strictEqual(wss._server._connections, 1);
  });
});

describe('a client that is silent behind the handshake', { skip }, () => {
  it('is for Node and its limits', async (t) => {
    const { port, wss } = await serveTls(t);
    const taken = once(wss._server, 'secureConnection');
    const socket = await connectTls(t, port);

    // Who asks for it now is asked for the connections that come from now on.
    const [[peer]] = [await taken];

    assert.ok(peer.encrypted);
    socket.write(upgradeRequest());
    await once(wss, 'connection');
    assert.strictEqual(wss._server._connections, 1);
  });

  it('may go without a word', async (t) => {
    const { port, url, wss } = await serveTls(t);
    const socket = await connectTls(t, port);

    wss.on('tlsClientError', assert.fail);
    socket.end();
    await once(socket, 'close');
    await openTls(t, { url, wss });
    assert.strictEqual(wss._server._connections, 1);
  });
});

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { WebSocket } = require('../..');
const { isAvailable } = require('../../lib/wire/promotion');
const { connectTls, openTls, serveTls } = require('../support/own-tls');
const { selfSigned } = require('../../examples/self-signed');

const skip = !isAvailable && 'TLS is of Node without the native wire';
const trusting = { rejectUnauthorized: false };

describe('certificates', { skip }, () => {
  const nameOf = (socket) => socket.getPeerX509Certificate().fingerprint256;
  const fingerprints = (...sockets) => sockets.map(nameOf);

  it('are picked by the name that the client wants', async (t) => {
    const [a, b] = [selfSigned(), selfSigned()];
    const { port } = await serveTls(t, {
      contexts: { '*.b.example': b, 'a.example': a }
    });
    const [main, first, second, third] = fingerprints(
      await connectTls(t, port),
      await connectTls(t, port, { servername: 'a.example' }),
      await connectTls(t, port, { servername: 'x.b.example' }),
      await connectTls(t, port, { servername: 'b.example' })
    );

    assert.notStrictEqual(first, main);
    assert.notStrictEqual(second, first);
    assert.notStrictEqual(second, main);
    assert.strictEqual(third, main);
  });

  it('are picked by an SNICallback, in its own time', async (t) => {
    const other = selfSigned();
    const { port, wss } = await serveTls(t, {
      SNICallback(name, callback) {
        setImmediate(() => {
          if (name === 'bad.example') callback(new Error('Not here'));
          else callback(null, name === 'a.example' ? other : null);
        });
      }
    });
    const [main, first] = fingerprints(
      await connectTls(t, port),
      await connectTls(t, port, { servername: 'a.example' })
    );

    assert.notStrictEqual(first, main);

    const failed = once(wss, 'tlsClientError');
    const socket = tls.connect({
      ...trusting,
      port,
      servername: 'bad.example'
    });

    socket.on('error', () => {});

    const [error] = await failed;

    assert.strictEqual(error.message, 'Not here');
  });

  it('can be replaced, and connections go on', async (t) => {
    const server = await serveTls(t);
    const { client, peer } = await openTls(t, server);
    const before = nameOf(await connectTls(t, server.port));

    server.wss.setSecureContext(selfSigned());
    assert.notStrictEqual(nameOf(await connectTls(t, server.port)), before);
    peer.on('message', (data) => peer.send(data));
    client.send('still here');
    await once(client, 'message');
    assert.throws(() => server.wss.setSecureContext({ key: 'no key' }));
    await openTls(t, server);
  });

  it('are asked of clients, and whoever has none is told apart', async (t) => {
    const theirs = selfSigned();
    const server = await serveTls(t, {
      ca: theirs.cert,
      rejectUnauthorized: false,
      requestCert: true
    });
    const without = await openTls(t, server);

    assert.strictEqual(without.request.socket.authorized, false);
    assert.strictEqual(
      without.request.socket.authorizationError,
      'UNABLE_TO_GET_ISSUER_CERT'
    );
    assert.deepStrictEqual(without.request.socket.getPeerCertificate(), {});

    const known = await openTls(t, server, theirs);

    assert.strictEqual(known.request.socket.authorizationError, null);
    assert.strictEqual(known.request.socket.authorized, true);
    assert.strictEqual(
      known.request.socket.getPeerCertificate().subject.CN,
      'localhost'
    );

    const strange = await openTls(t, server, selfSigned());

    assert.strictEqual(strange.request.socket.authorized, false);
  });

  it('are demanded of clients', async (t) => {
    const theirs = selfSigned();
    const server = await serveTls(t, { ca: theirs.cert, requestCert: true });
    const { request } = await openTls(t, server, theirs);

    assert.strictEqual(request.socket.authorized, true);

    const failed = once(server.wss, 'tlsClientError');
    const client = new WebSocket(server.url, trusting);

    client.on('error', () => {});

    const [error] = await failed;

    assert.strictEqual(error.code, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE');
  });

  it('are demanded unless somebody says "false"', async (t) => {
    for (const rejectUnauthorized of [undefined, null, true]) {
      const server = await serveTls(t, {
        rejectUnauthorized,
        requestCert: true
      });
      const client = new WebSocket(server.url, trusting);

      client.on('error', () => {});

      const [error] = await Promise.race([
        once(server.wss, 'tlsClientError'),
        new Promise((resolve) => client.once('open', () => resolve([])))
      ]);

      client.terminate();
      assert.strictEqual(
        error?.code,
        'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'
      );
    }
    for (const name of ['rejectUnauthorized', 'requestCert']) {
      for (const value of [0, 1, '', 'true', {}]) {
        await assert.rejects(serveTls(t, { [name]: value }), {
          message: `"tls.${name}" must be true or false`,
          name: 'TypeError'
        });
      }
    }
  });

  it('come with sessions that are resumed', async (t) => {
    const server = await serveTls(t);

    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const first = await connectTls(t, server.port, { maxVersion });

      first.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      while (first.sessions.length === 0) await new Promise(setImmediate);

      const [session] = first.sessions;
      const second = await connectTls(t, server.port, { maxVersion, session });

      assert.ok(second.isSessionReused(), maxVersion);
    }
  });

  it('are those of the option for Node as well', async (t) => {
    const other = selfSigned();
    const server = await serveTls(
      t,
      { contexts: { 'a.example': other }, ocspResponse: Buffer.alloc(1) },
      { accept: 'node' }
    );
    const [main, first] = fingerprints(
      await connectTls(t, server.port),
      await connectTls(t, server.port, { servername: 'a.example' })
    );

    assert.notStrictEqual(first, main);
  });

  it('have their OCSP responses with the TLS of Node, too', async (t) => {
    const [ocspResponse, other] = [
      Buffer.from('response'),
      Buffer.from('other')
    ];
    const server = await serveTls(
      t,
      {
        contexts: {
          'a.example': { ...selfSigned(), ocspResponse: other },
          'b.example': selfSigned()
        },
        ocspResponse
      },
      { accept: 'node' }
    );

    for (const [servername, expected] of [
      ['localhost', ocspResponse],
      ['a.example', other],
      ['A.EXAMPLE', other],
      ['b.example', null]
    ]) {
      const socket = tls.connect({
        ...trusting,
        port: server.port,
        requestOCSP: true,
        servername
      });
      const [response] = await once(socket, 'OCSPResponse');

      socket.destroy();
      assert.deepStrictEqual(response, expected, servername);
    }
  });
});

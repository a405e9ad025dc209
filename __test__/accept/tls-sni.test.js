'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { kContexts } = require('../../lib/members');
const TlsContexts = require('../../lib/accept/tls-contexts');
const { isAvailable } = require('../../lib/wire/promotion');
const { connectTls, ownIdentity, serveTls } = require('../support/own-tls');
const { selfSigned } = require('../../examples/self-signed');

const skip = !isAvailable && 'TLS is of Node without the native wire';

/** The bytes of a client's hello. */
async function hello(t) {
  const server = net.createServer().listen(0, '127.0.0.1');

  t.after(() => server.close());
  await once(server, 'listening');

  const client = tls.connect({
    port: server.address().port,
    servername: 'localhost'
  });

  client.on('error', () => {});

  const [socket] = await once(server, 'connection');
  const [bytes] = await once(socket, 'data');

  client.destroy();
  return bytes;
}

describe('an SNICallback', { skip }, () => {
  it('that throws ends the handshake with what it threw', async (t) => {
    const { port, wss } = await serveTls(t, {
      SNICallback() {
        throw new Error('No idea');
      }
    });
    const socket = tls.connect({ port, servername: 'localhost' });

    socket.on('error', () => {});

    const [[error]] = await Promise.all([
      once(wss, 'tlsClientError'),
      new Promise((resolve) => socket.once('close', resolve))
    ]);

    assert.strictEqual(error.message, 'No idea');
    assert.strictEqual(wss._server._connections, 0);
  });

  for (const end of ['end', 'resetAndDestroy']) {
    it(`that never answers does not hide that the client has gone (${end})`, async (t) => {
      const asked = [];
      const { port, wss } = await serveTls(t, {
        SNICallback(name, callback) {
          asked.push(callback);
          socket[end]();
        }
      });
      const socket = net.connect(port, '127.0.0.1');

      socket.write(await hello(t));

      const [error] = await once(wss, 'tlsClientError');

      assert.strictEqual(error.code, 'ECONNRESET');
      assert.strictEqual(wss._server._connections, 0);
      // Too late.
      asked[0](null);
      assert.strictEqual(asked.length, 1);
    });
  }

  it('that never answers does not have the client fill the memory', async (t) => {
    const { port, wss } = await serveTls(t, {
      SNICallback() {
        socket.write(Buffer.alloc(200_000, 23));
      }
    });
    const socket = net.connect(port, '127.0.0.1');

    socket.on('error', () => {});
    socket.write(await hello(t));

    const [error] = await once(wss, 'tlsClientError');

    assert.strictEqual(error.code, 'ERR_SSL_DATA_LENGTH_TOO_LONG');
  });

  it('that gives a new object each time makes one native context', () => {
    const other = selfSigned();
    const contexts = new TlsContexts({
      ...ownIdentity(),
      SNICallback: (name, callback) =>
        callback(null, name === 'b.example' ? ownIdentity() : { ...other })
    });
    const ids = ['a.example', 'c.example', 'b.example'].map((name) =>
      idOf(contexts, name)
    );

    contexts.free();
    assert.strictEqual(ids[0], ids[1]);
    assert.notStrictEqual(ids[0], ids[2]);
  });

  it('that gives something else is told so', () => {
    for (const chosen of ['a string', { requestCert: true }]) {
      const contexts = new TlsContexts({
        ...ownIdentity(),
        SNICallback: (name, callback) => callback(null, chosen)
      });

      assert.throws(() => idOf(contexts, 'a.example'), {
        message: /^"tls\.SNICallback" (must be given options|gave "requestC)/,
        name: 'TypeError'
      });
      contexts.free();
    }
  });

  it('is asked for names that all objects have', () => {
    const names = [];
    const contexts = new TlsContexts({
      ...ownIdentity(),
      SNICallback(name, callback) {
        names.push(name);
        callback(null);
      },
      contexts: { 'a.example': ownIdentity() }
    });

    for (const name of ['constructor', '__proto__']) idOf(contexts, name);
    contexts.free();
    assert.deepStrictEqual(names, ['constructor', '__proto__']);
  });
});

describe('the contexts of a server', { skip }, () => {
  it('are checked before somebody asks for them', () => {
    for (const [chosen, message] of [
      [{ ...ownIdentity(), ciphers: 'ALL' }, /"tls\.ciphers" cannot be/],
      [{ ...ownIdentity(), maxVersion: 'TLSv1.2' }, /the same for all clients/],
      [{ ...ownIdentity(), requestCert: true }, /the same for all clients/],
      ['cert.pem', /must be given options/]
    ]) {
      assert.throws(
        () =>
          new TlsContexts({
            ...ownIdentity(),
            contexts: { 'a.example': chosen }
          }),
        { message, name: 'TypeError' }
      );
    }
  });

  it('are made before somebody asks for them', async (t) => {
    const { cert, key } = selfSigned();
    const { port, wss } = await serveTls(t);

    for (const [chosen, message] of [
      [{ cert: 'cert.pem', key }, /^"tls\.contexts", "a\.example": .*in PEM/],
      [{ cert, key: selfSigned().key }, /^"tls\.contexts", "a\.example": /]
    ]) {
      const contexts = { 'a.example': chosen };

      assert.throws(() => new TlsContexts({ ...ownIdentity(), contexts }), {
        message
      });
      assert.throws(() => wss.setSecureContext({ contexts }), { message });
    }
    // Nothing was changed.
    assert.strictEqual(wss[kContexts]._all.size, 1);
    (await connectTls(t, port)).destroy();
  });

  it('have names in small letters', () => {
    const contexts = { 'A.example': selfSigned() };

    assert.throws(() => new TlsContexts({ ...ownIdentity(), contexts }), {
      message: /"A\.example": names of servers are written in small letters/,
      name: 'TypeError'
    });
  });

  it('are gone once it is closed', async (t) => {
    const { wss } = await serveTls(t, {
      contexts: { 'a.example': selfSigned() }
    });
    const contexts = wss[kContexts];

    idOf(contexts, 'a.example');
    assert.strictEqual(contexts._all.size, 2);
    wss.close();
    await once(wss, 'close');
    assert.strictEqual(contexts._all.size, 0);
  });

  it('keep no response about a certificate that was replaced', async (t) => {
    const ocspResponse = Buffer.from([0x30, 0x03, 0x0a, 0x01, 0x01]);
    const { port, wss } = await serveTls(t, {
      contexts: { 'a.example': selfSigned() },
      ocspResponse
    });

    assert.deepStrictEqual(await responseOf(port, 'localhost'), ocspResponse);
    assert.strictEqual(await responseOf(port, 'a.example'), null);
    wss.setSecureContext(selfSigned());
    assert.strictEqual(await responseOf(port, 'localhost'), null);
  });

  it('take authorities in all forms of bytes', () => {
    const { cert } = ownIdentity();

    for (const ca of [new TextEncoder().encode(cert), [Buffer.from(cert)]]) {
      const contexts = new TlsContexts({
        ...ownIdentity(),
        ca,
        requestCert: true
      });

      assert.ok(contexts.id >= 0);
      contexts.free();
    }
  });
});

/** The native context for a name; throws what went wrong. */
function idOf(contexts, name) {
  let result;

  contexts.find(name, (...args) => {
    result = args;
  });

  const [err, id] = result;

  if (err) throw err;
  return id;
}

/** What a client is told of the server's certificate (RFC 6066). */
async function responseOf(port, servername) {
  const socket = tls.connect({
    port,
    rejectUnauthorized: false,
    requestOCSP: true,
    servername
  });
  const [[response]] = await Promise.all([
    once(socket, 'OCSPResponse'),
    once(socket, 'secureConnect')
  ]);

  socket.destroy();
  return response;
}

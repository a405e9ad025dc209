'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { WebSocketServer } = require('../..');
const TlsContexts = require('../../lib/accept/tls-contexts');
const { isAvailable } = require('../../lib/wire/promotion');
const { connectTls, ownIdentity, serveTls } = require('../support/own-tls');
const { selfSigned } = require('../../examples/self-signed');

const skip = !isAvailable && 'TLS is of Node without the native wire';

describe('options of the TLS of our own', { skip }, () => {
  const identity = ownIdentity();
  const wrong = [
    ['something else', 'TypeError', /must be an object with the options/],
    [{}, 'Error', /"key" and "cert" are missing/],
    [{ ...identity, ciphers: 'ALL' }, 'TypeError', /"tls\.ciphers" cannot be/],
    [
      { ...identity, honorCipherOrder: true },
      'TypeError',
      /"tls\.honorCipherOrder" cannot be/
    ],
    [
      { ...identity, requestCerts: true },
      'TypeError',
      /no "requestCerts"; did you mean "requestCert"\?/
    ],
    [
      { ...identity, contexts: { 'a.example': { minVersion: 'TLSv1.3' } } },
      'TypeError',
      /"minVersion", which is the same for all clients/
    ],
    [
      { ...identity, pfx: Buffer.alloc(1) },
      'TypeError',
      /"tls\.pfx" cannot be/
    ],
    [
      { ...identity, minVersion: 'TLSv1' },
      'TypeError',
      /TLSv1\.2 and TLSv1\.3/
    ],
    [
      { ...identity, maxVersion: 'TLSv1.2', minVersion: 'TLSv1.3' },
      'TypeError',
      /above/
    ],
    [{ ...identity, contexts: 1 }, 'TypeError', /"tls\.contexts" must be/],
    [{ ...identity, contexts: [] }, 'TypeError', /"tls\.contexts" must be/],
    [
      { ...identity, ALPNProtocols: 'http/1.1' },
      'TypeError',
      /must be an array of names/
    ],
    [
      { ...identity, SNICallback: {} },
      'TypeError',
      /SNICallback" must be a func/
    ],
    [{ ...identity, key: 'key.pem' }, 'Error', /contents of files/],
    [{ ...identity, handshakeTimeout: 0 }, 'RangeError', /must be above 0/],
    [{ ...identity, ocspResponse: 'no' }, 'TypeError', /must be a Buffer/],
    [
      { ...identity, key: selfSigned().key },
      'Error',
      /mismatch; "key" is not the/
    ],
    [{ ...identity, cert: 'no PEM' }, 'Error', /PEM|no start line/i]
  ];

  for (const [options, name, message] of wrong) {
    it(`are refused where they cannot be honoured (${message.source})`, () => {
      assert.throws(() => new WebSocketServer({ port: 0, tls: options }), {
        message,
        name
      });
    });
  }

  for (const [name, value] of Object.entries({
    cert: identity.cert,
    onRequest() {},
    requestCert: true
  })) {
    it(`belong into "tls" where that is given (${name})`, () => {
      assert.throws(
        () => new WebSocketServer({ [name]: value, port: 0, tls: identity }),
        {
          message:
            `The option "${name}" belongs into the "tls" option: ` +
            `{ port, tls: { ${name}, … } }`,
          name: 'TypeError'
        }
      );
      // Without it they are none of ours.
      new WebSocketServer({ [name]: value, noServer: true });
    });
  }

  it('of http.createServer() may be among them', async (t) => {
    const { wss } = await serveTls(t, {
      headersTimeout: 1234,
      keepAliveTimeout: 567,
      maxHeaderSize: 32 * 1024,
      noDelay: true
    });

    assert.strictEqual(wss._server.headersTimeout, 1234);
    assert.strictEqual(wss._server.keepAliveTimeout, 567);
    assert.strictEqual(wss._server.maxHeaderSize, 32 * 1024);
  });

  it('take keys behind a passphrase', async (t) => {
    const { cert, key } = selfSigned();
    const locked = crypto.createPrivateKey(key).export({
      cipher: 'aes-256-cbc',
      format: 'pem',
      passphrase: 'open sesame',
      type: 'pkcs8'
    });
    const { port } = await serveTls(t, {
      cert,
      key: locked,
      passphrase: 'open sesame'
    });

    await connectTls(t, port);
    new TlsContexts({
      cert: [cert],
      key: [{ passphrase: 'open sesame', pem: locked }]
    }).free();
  });

  it('take protocols as names and as bytes', async (t) => {
    for (const ALPNProtocols of [
      ['one', 'two'],
      Buffer.from('\x03one\x03two', 'latin1')
    ]) {
      const { port } = await serveTls(t, { ALPNProtocols });
      const socket = await connectTls(t, port, {
        ALPNProtocols: ['two', 'three']
      });

      assert.strictEqual(socket.alpnProtocol, 'two');
    }
  });

  it('do not take a SecureContext of Node for a key', () => {
    const contexts = new TlsContexts({
      ...identity,
      SNICallback: (name, callback) =>
        callback(null, tls.createSecureContext(identity))
    });
    let message;

    contexts.find('a.example', (err) => {
      message = err.message;
    });
    contexts.free();
    assert.match(message, /out of which no key can be had/);
  });

  it('make one native context for one set of options', () => {
    const other = selfSigned();
    const contexts = new TlsContexts({
      ...identity,
      contexts: { 'a.example': other }
    });
    const ids = [];

    for (const name of ['a.example', 'a.example', '', 'b.example']) {
      contexts.find(name, (err, id) => ids.push(id));
    }

    contexts.free();
    assert.strictEqual(ids[0], ids[1]);
    assert.strictEqual(ids[2], ids[3]);
    assert.notStrictEqual(ids[0], ids[2]);
  });

  it('have a key for each certificate', () => {
    const { cert, key } = identity;

    for (const options of [{ cert }, { cert: [cert, cert], key: [key] }]) {
      assert.throws(() => new TlsContexts(options), /needs its key, in "key"/);
    }
    assert.throws(() => new TlsContexts({ key }), /: "cert" is missing/);
  });

  it('may not all be replaced while a server runs', async (t) => {
    const { wss } = await serveTls(t);

    for (const [options, message] of [
      [{}, /was given none of them/],
      [{ kye: identity.key }, /was given "kye"/],
      [{ ...identity, minVersion: 'TLSv1.3' }, /same for all clients/],
      [{ ...identity, noDelay: true }, /was given "noDelay"/]
    ]) {
      assert.throws(() => wss.setSecureContext(options), {
        message,
        name: 'TypeError'
      });
    }
    wss.setSecureContext(identity);
  });

  it('may be switched off by a value that says nothing', (t) => {
    const wss = new WebSocketServer({ port: 0, tls: false });

    t.after(() => wss.close());
    assert.throws(() => wss.setSecureContext(identity), /"tls" option/);
  });
});

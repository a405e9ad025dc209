'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const os = require('node:os');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const {
  connectTls,
  openTls,
  serveTls,
  upgrade,
  upgradeRequest
} = require('../support/own-tls');

const skip = !isAvailable && 'TLS is of Node without the native wire';

describe('what a program sees of the handshake', { skip }, () => {
  it('is what a tls.TLSSocket says', async (t) => {
    const server = await serveTls(t, { ALPNProtocols: ['http/1.1'] });
    const { peer, request } = await openTls(t, server, {
      ALPNProtocols: ['http/1.1']
    });
    const { socket } = request;

    assert.strictEqual(socket, peer._socket);
    assert.ok(socket instanceof net.Socket);
    assert.strictEqual(socket.encrypted, true);
    assert.strictEqual(socket.timeout, 0);
    assert.strictEqual(socket.authorized, false);
    assert.strictEqual(socket.authorizationError, null);
    assert.strictEqual(socket.alpnProtocol, 'http/1.1');
    assert.strictEqual(socket.servername, 'localhost');
    assert.strictEqual(socket.getProtocol(), 'TLSv1.3');
    assert.match(socket.getCipher().name, /^TLS_(AES|CHACHA20)_/);
    assert.strictEqual(socket.isSessionReused(), false);
    assert.deepStrictEqual(socket.getPeerCertificate(), {});
    assert.strictEqual(socket.getPeerX509Certificate(), undefined);
    assert.match(socket.remoteAddress, /127\.0\.0\.1|::1/);
    assert.strictEqual(peer.transport, 'loop');
    // As with Node, the peer's certificate cannot be had any more then.
    peer.terminate();
    await once(peer, 'close');
    assert.strictEqual(socket.getPeerCertificate(), null);
    assert.strictEqual(socket.servername, 'localhost');
  });

  it('says that the peer has ended it to whoever first writes then', async (t) => {
    const { client, peer } = await openTls(t, await serveTls(t));
    const socket = peer._socket;

    client._socket.end();
    await once(peer, 'close');

    const err = await new Promise((resolve) => {
      socket.write('late', resolve);
    });

    // As with a tls.TLSSocket.
    assert.strictEqual(err.code, 'EPIPE');
    assert.strictEqual(
      err.message,
      'This socket has been ended by the other party'
    );
  });

  it('names suites of TLS 1.2 as OpenSSL does', async (t) => {
    const server = await serveTls(t);
    const { client, peer } = await openTls(t, server, {
      maxVersion: 'TLSv1.2'
    });
    const { name, standardName } = client._socket.getCipher();

    assert.strictEqual(peer._socket.getProtocol(), 'TLSv1.2');
    assert.deepStrictEqual(peer._socket.getCipher(), {
      name,
      standardName,
      version: 'TLSv1.2'
    });
  });

  it('refuses what there is not, and says so', async (t) => {
    const server = await serveTls(t);
    const { peer } = await openTls(t, server);
    const socket = peer._socket;

    assert.throws(() => socket.exportKeyingMaterial(10, 'label'), {
      message: /exportKeyingMaterial\(\) is not there/
    });

    const error = await new Promise((resolve) => {
      socket.renegotiate({}, resolve);
    });

    assert.strictEqual(error.code, 'ERR_TLS_RENEGOTIATION_DISABLED');
  });
});

describe('the socket of a connection with TLS of our own', { skip }, () => {
  it('gives its bytes to who listens, from then on', async (t) => {
    const { port, wss } = await serveTls(t);
    const socket = await connectTls(t, port);
    const peer = await upgrade(socket, wss);
    const seen = [];

    peer._socket.on('data', (chunk) => seen.push(chunk));
    assert.strictEqual(peer.transport, 'stream');
    socket.write('\x81\x82\0\0\0\0hi', 'latin1');

    const [data] = await once(peer, 'message');

    assert.strictEqual(data.toString(), 'hi');
    assert.strictEqual(
      Buffer.concat(seen).toString('latin1'),
      '\x81\x82\0\0\0\0hi'
    );
    peer.send('answer');
    assert.strictEqual(
      (await once(socket, 'data'))[0].toString('latin1'),
      '\x81\x06answer'
    );
  });

  it('has a handle that refuses to read when it is closed', async (t) => {
    const { peer } = await openTls(t, await serveTls(t));
    const { _handle: handle } = peer._socket;

    assert.strictEqual(handle.readStart(), 0);
    peer.terminate();
    assert.strictEqual(handle.readStart(), -os.constants.errno.EINVAL);
    assert.strictEqual(handle.readStop(), 0);
  });

  it('writes what a program writes behind the frames that wait', async (t) => {
    const { port, wss } = await serveTls(t);
    const socket = await connectTls(t, port);

    wss.on('connection', (peer) => {
      peer.send('one');
      peer.send('two');
      peer._socket.write('\x81\x05three', 'latin1');
      peer.send('four');
    });
    socket.write(upgradeRequest());

    let all = '';

    while (!all.includes('four')) {
      all += (await once(socket, 'data'))[0].toString('latin1');
    }

    assert.strictEqual(
      all.slice(all.indexOf('\r\n\r\n') + 4),
      '\x81\x03one\x81\x03two\x81\x05three\x81\x04four'
    );
  });

  it('has a peer that does not read wait, and loses nothing', async (t) => {
    const server = await serveTls(t);
    const { client, peer } = await openTls(t, server);
    const sent = Buffer.alloc(9e6, 'bytes');
    const got = [];
    let written = 0;

    client._socket.pause();
    peer.send(sent, () => written++);
    peer.send('last', () => written++);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.strictEqual(written, 0);
    assert.ok(peer.bufferedAmount > 0);
    // It moves to the stream, with records of the long message under way.
    peer._socket.on('data', () => {});
    client.on('message', (data) => got.push(data));
    client._socket.resume();
    while (got.length < 2) await new Promise(setImmediate);
    assert.ok(got[0].equals(sent));
    assert.strictEqual(got[1].toString(), 'last');
    while (written < 2) await new Promise(setImmediate);
    assert.strictEqual(peer.bufferedAmount, 0);
  });

  for (const [how, options] of [
    [
      'with an asynchronous verifyClient',
      { verifyClient: (info, callback) => setImmediate(callback, true) }
    ],
    [
      'that was touched before',
      {
        verifyClient({ req }) {
          req.socket.on('custom', () => {});
          return true;
        }
      }
    ]
  ]) {
    it(`is on the native wire soon, ${how}`, async (t) => {
      const server = await serveTls(t, {}, options);
      const { client, peer } = await openTls(t, server);

      peer.on('message', (data) => peer.send(data));
      client.send('first');
      await once(client, 'message');
      while (peer.transport !== 'loop') {
        client.send('more');
        await once(client, 'message');
      }

      const long = Buffer.alloc(300_000, 'long');

      client.send(long);

      const [data] = await once(client, 'message');

      assert.ok(data.equals(long));
      assert.strictEqual(peer._socket.encrypted, true);
      client.close(4000, 'done');
      assert.deepStrictEqual((await once(peer, 'close')).map(String), [
        '4000',
        'done'
      ]);
      assert.strictEqual(server.wss._server._connections, 0);
    });
  }

  it('goes back to the native wire when nobody listens any more', async (t) => {
    const server = await serveTls(t);
    const { client, peer } = await openTls(t, server);
    const bytesOf = () => [peer._socket.bytesRead, peer._socket.bytesWritten];
    const listener = () => {};

    peer.on('message', (data) => peer.send(data));
    client.send('one');
    await once(client, 'message');

    const [read, written] = bytesOf();

    peer.pause();
    client.send('two');
    while (peer.transport !== 'stream') await new Promise(setImmediate);
    peer.resume();
    await once(client, 'message');
    assert.deepStrictEqual(bytesOf(), [read + 9, written + 5]);
    while (peer.transport !== 'loop') {
      client.send('more');
      await once(client, 'message');
    }
    peer._socket.on('data', listener);
    assert.strictEqual(peer.transport, 'stream');
    client.send('end');

    const [data] = await once(client, 'message');

    assert.strictEqual(data.toString(), 'end');
  });

  it('ends its connection when a program closes its handle', async (t) => {
    const server = await serveTls(t);
    const { peer } = await openTls(t, server);
    const closed = once(peer, 'close');

    peer.on('error', () => {});
    peer._socket._handle.close();
    assert.strictEqual((await closed)[0], 1006);
  });

  it('pauses and goes on', async (t) => {
    const server = await serveTls(t);
    const { client, peer } = await openTls(t, server);
    const got = [];

    peer.on('message', (data) => got.push(data.length));
    peer.pause();
    for (let i = 0; i < 50; i++) client.send(Buffer.alloc(20_000 + i));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepStrictEqual(got, []);
    peer.resume();
    while (got.length < 50) await new Promise(setImmediate);
    assert.deepStrictEqual(
      got,
      Array.from({ length: 50 }, (_, i) => 20_000 + i)
    );
  });

  it('ends as those of Node, its peer being told', async (t) => {
    const { port, wss } = await serveTls(t);
    const socket = await connectTls(t, port);
    const peer = await upgrade(socket, wss);

    peer._socket.end();
    socket.resume();
    await once(socket, 'end');
    await once(peer, 'close');
  });
});

describe('a spy on write() of a socket with TLS of ours', { skip }, () => {
  it('may call the write() that it replaced', async (t) => {
    const server = await serveTls(t);
    const { client, peer } = await openTls(t, server);
    const socket = peer._socket;
    const original = socket.write;
    let calls = 0;

    socket.write = function spy(...args) {
      calls++;
      return original.apply(this, args);
    };
    peer.send('seen');

    const [data] = await once(client, 'message');

    assert.strictEqual(String(data), 'seen');
    assert.ok(calls > 0);
  });
});

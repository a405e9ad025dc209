'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { Worker } = require('node:worker_threads');

const { turns, until } = require('../support/loop');
const {
  connectTls,
  openTls,
  ownIdentity,
  serveTls,
  upgrade,
  upgradeRequest
} = require('../support/own-tls');
const { bytesOf, inbox, LENGTHS } = require('../support/peers');
const { skipThreads: skip } = require('../support/threads');
const { selfSigned } = require('../../examples/self-signed');

const MIB = 1 << 20;

/** A client on another thread, which pings and counts the pongs. */
const CLIENT = `
const { parentPort, workerData } = require('node:worker_threads');
const WebSocket = require('.');
const ws = new WebSocket(workerData.url, { rejectUnauthorized: false });

ws.on('open', () => parentPort.postMessage('open'));
ws.on('pong', () => {
  Atomics.add(workerData.count, 0, 1);
  Atomics.notify(workerData.count, 0);
});
parentPort.on('message', (data) => ws.ping(data));
`;

function serveOnThreads(t, options, others) {
  return serveTls(t, options, { ioThreads: 1, ...others });
}

function echo(peer) {
  peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }));
}

describe('A TLS connection on an I/O thread', { skip }, () => {
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    for (const perMessageDeflate of [false, true]) {
      const how = perMessageDeflate ? 'compressed' : 'not compressed';

      it(`sends back messages of all lengths, ${how}, over ${version}`, async (t) => {
        const server = await serveOnThreads(t, {}, { perMessageDeflate });
        const { client, peer } = await openTls(t, server, {
          maxVersion: version,
          perMessageDeflate
        });
        const take = inbox(client);

        assert.strictEqual(peer.transport, 'threads');
        echo(peer);
        for (const length of LENGTHS) client.send(bytesOf(length));
        for (const length of LENGTHS) {
          const [data] = await take(1);

          assert.ok(bytesOf(length).equals(data), `${length} bytes`);
        }
        assert.strictEqual(peer._socket.getProtocol(), version);
        assert.strictEqual(server.wss.metrics().connections.threads, 1);
      });
    }
  }

  it('says of its handshake what it says on the loop', async (t) => {
    const identity = ownIdentity();
    const facts = [];

    for (const ioThreads of [0, 1]) {
      const server = await serveTls(
        t,
        {
          ALPNProtocols: ['http/1.1'],
          ca: identity.cert,
          rejectUnauthorized: false,
          requestCert: true
        },
        { ioThreads }
      );
      const { peer } = await openTls(t, server, {
        ...identity,
        ALPNProtocols: ['http/1.1']
      });
      const socket = peer._socket;

      facts.push({
        alpn: socket.alpnProtocol,
        authorized: socket.authorized,
        certificate: socket.getPeerCertificate().fingerprint256,
        cipher: socket.getCipher(),
        encrypted: socket.encrypted,
        error: socket.authorizationError,
        isReused: socket.isSessionReused(),
        name: socket.servername
      });
      assert.strictEqual(peer.transport, ioThreads === 0 ? 'loop' : 'threads');
    }

    assert.deepStrictEqual(facts[0], facts[1]);
    assert.match(facts[0].certificate, /^[\dA-F:]{95}$/);
    assert.strictEqual(facts[0].cipher.version, 'TLSv1.3');
  });

  it('resumes a session', async (t) => {
    const { port, wss } = await serveOnThreads(t);
    const first = await connectTls(t, port);

    first.resume();
    await until(() => first.sessions.length > 0);

    const socket = await connectTls(t, port, { session: first.sessions[0] });

    assert.ok(socket.isSessionReused());
    socket.write(upgradeRequest());

    const [peer] = await once(wss, 'connection');

    assert.strictEqual(peer.transport, 'threads');
    assert.ok(peer._socket.isSessionReused());
  });

  it('takes frames that come with the request, and answers pings', async (t) => {
    const { port, wss } = await serveOnThreads(t);
    const socket = await connectTls(t, port);

    wss.on('connection', echo);
    // A masked text frame "hi", and a masked ping "x".
    socket.write(
      upgradeRequest() + '\x81\x82\0\0\0\0hi\x89\x81\0\0\0\0x',
      'latin1'
    );

    let got = '';

    socket.on('data', (chunk) => (got += chunk.toString('latin1')));
    await until(() => got.includes('\x81\x02hi') && got.includes('\x8a\x01x'));
  });

  it('answers pings while JavaScript is busy', async (t) => {
    const { url, wss } = await serveOnThreads(t);
    const count = new Int32Array(new SharedArrayBuffer(4));
    const connected = once(wss, 'connection');
    const worker = new Worker(CLIENT, {
      eval: true,
      workerData: { count, url }
    });

    t.after(() => worker.terminate());

    const [peer] = await connected;
    const log = [];

    peer.on('ping', (data) => log.push(String(data)));
    await once(worker, 'message');
    worker.postMessage('ping');
    for (let i = 0; i < 600 && Atomics.load(count, 0) === 0; i++) {
      Atomics.wait(count, 0, 0, 50);
    }
    assert.strictEqual(Atomics.load(count, 0), 1);
    assert.deepStrictEqual(log, []);
    await until(() => log.length === 1);
    assert.deepStrictEqual(log, ['ping']);
    await turns(5);
    assert.strictEqual(Atomics.load(count, 0), 1);
  });

  it('calls back when the kernel has the records, and counts until then', async (t) => {
    const { port, wss } = await serveOnThreads(t);
    const socket = await connectTls(t, port);
    const peer = await upgrade(socket, wss);
    socket.pause();

    const payload = bytesOf(MIB);
    let called = 0;

    for (let i = 0; i < 32; i++) {
      peer.send(payload, () => called++);
    }
    await turns(50);
    assert.ok(called < 32, `${called} callbacks, and nobody has read`);
    assert.ok(peer.bufferedAmount > 16 * MIB, `${peer.bufferedAmount}`);

    const all = [];
    let length = 0;

    socket.on('data', (chunk) => {
      all.push(chunk);
      length += chunk.length;
    });
    socket.resume();
    await until(() => length === 32 * (MIB + 10));
    await until(() => called === 32);
    assert.strictEqual(peer.bufferedAmount, 0);

    const bytes = Buffer.concat(all);

    for (let i = 0; i < 32; i++) {
      const start = i * (MIB + 10) + 10;

      assert.ok(payload.equals(bytes.subarray(start, start + MIB)), `${i}`);
    }
  });

  it('makes its peer wait while it is paused', async (t) => {
    const server = await serveOnThreads(t);
    const { client, peer } = await openTls(t, server);
    const take = inbox(peer);
    let sent = 0;

    peer.pause();
    for (let i = 0; i < 64; i++) client.send(bytesOf(MIB), () => sent++);
    await turns(100);
    assert.ok(sent < 32, `${sent} of 64 were taken`);
    peer.resume();
    for (let i = 0; i < 64; i++) {
      assert.ok(bytesOf(MIB).equals((await take(1))[0]));
    }
    assert.strictEqual(peer._socket.bytesRead > 64 * MIB, true);
  });

  it('goes to a stream and back without losing a byte', async (t) => {
    const server = await serveOnThreads(t);
    const { client, peer } = await openTls(t, server);
    const takeFromClient = inbox(client);
    const seen = [];
    const onData = (chunk) => seen.push(chunk.length);
    const transports = new Set();

    echo(peer);
    for (let i = 0; i < 100; i++) {
      client.send(bytesOf(i * 500));
      if (i % 10 === 3) peer._socket.on('data', onData);
      if (i % 10 === 7) peer._socket.off('data', onData);
      await turns(1);
      transports.add(peer.transport);
    }
    for (let i = 0; i < 100; i++) {
      const [data] = await takeFromClient(1);

      assert.ok(bytesOf(i * 500).equals(data), `${i}`);
    }
    assert.deepStrictEqual([...transports].sort(), ['stream', 'threads']);
    assert.ok(seen.length > 0);
  });

  it('is written to by a stream between messages', async (t) => {
    const { port, wss } = await serveOnThreads(t);
    const socket = await connectTls(t, port);
    const peer = await upgrade(socket, wss);

    let got = '';

    socket.on('data', (chunk) => (got += chunk.toString('latin1')));
    for (let i = 0; i < 5; i++) {
      peer.send(`m${i}`);
      // An unmasked text frame.
      peer._socket.write(`\x81\x02s${i}`, 'latin1');
      await turns(2);
    }
    await until(() => got.length === 40);
    assert.strictEqual(
      got,
      [0, 1, 2, 3, 4].map((i) => `\x81\x02m${i}\x81\x02s${i}`).join('')
    );
  });

  it('goes on where the context of the server is another meanwhile', async (t) => {
    const server = await serveOnThreads(t);
    const before = await openTls(t, server);
    const take = inbox(before.client);

    echo(before.peer);
    before.client.send('before');
    assert.strictEqual(String(await take(1)), 'before');

    const other = selfSigned();

    server.wss.setSecureContext(other);
    before.client.send('behind');
    assert.strictEqual(String(await take(1)), 'behind');

    const after = await openTls(t, server);

    assert.strictEqual(after.peer.transport, 'threads');
    assert.notStrictEqual(
      after.client._socket.getPeerCertificate().fingerprint256,
      before.client._socket.getPeerCertificate().fingerprint256
    );
  });
});

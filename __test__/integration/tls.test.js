'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const https = require('node:https');
const { buffer } = require('node:stream/consumers');
const { pipeline } = require('node:stream/promises');
const { Readable } = require('node:stream');
const { before, describe, it } = require('node:test');
const tls = require('node:tls');

const { createWebSocketStream, WebSocket, WebSocketServer } = require('../..');
const { selfSigned } = require('../../examples/self-signed');
const { closeOf, collect, openTlsPair } = require('../support/pairs');
const { portOf } = require('../support/raw-http');

const ours = {};
const theirs = {};

before(() => {
  Object.assign(ours, selfSigned());
  Object.assign(theirs, selfSigned());
});

/** A TLS server that is gone after the test. */
async function serveTls(t, options) {
  const server = https.createServer({ ...ours, ...options });
  const wss = new WebSocketServer({ server });

  server.listen(0, '127.0.0.1');
  t.after(() => {
    for (const ws of wss.clients) ws.terminate();
    server.close();
    server.closeAllConnections();
  });
  return { wss, url: `wss://localhost:${await portOf(server)}` };
}

describe('a TLS connection that ends while a write is under way', () => {
  for (const end of ['terminate', 'destroy', 'peer']) {
    it(`takes nothing else along (${end})`, async (t) => {
      const { client, peer, wss } = await openTlsPair(t);

      client._socket.pause();
      client.on('error', () => {});
      // More than the kernel takes: one write is under way from now on.
      peer.send(Buffer.alloc(9e6));
      await new Promise((resolve) => setTimeout(resolve, 50));
      peer.send('goodbye');
      if (end === 'terminate') peer.terminate();
      else if (end === 'destroy') peer._socket.destroy();
      else client._socket.destroy();
      await once(peer, 'close');
      assert.strictEqual(wss.clients.size, 0);
    });
  }
});

describe('callbacks over TLS', () => {
  it('come within one turn of the event loop, each of which sends the next', async (t) => {
    const { client, peer } = await openTlsPair(t);
    const received = collect(client, 'message', 20);

    await new Promise((resolve) => setTimeout(resolve, 20));

    const called = await new Promise((resolve) => {
      let count = 0;

      function send() {
        peer.send(`${count}`, () => {
          count++;
          // Node has called back for all that follow when it comes to immediates.
          if (count === 1) setImmediate(() => resolve(count));
          if (count < 20) send();
        });
      }

      send();
    });

    assert.strictEqual(called, 20);
    assert.deepStrictEqual(
      (await received).map(([data]) => Number(data)),
      Array.from({ length: 20 }, (_, i) => i)
    );
  });

  it('come in order and in the async context of their sends, of whatever length', async (t) => {
    const { peer } = await openTlsPair(t);
    const storage = new AsyncLocalStorage();
    const log = [];

    await new Promise((resolve) => {
      const note = (name) => () => {
        log.push(`${name} ${storage.getStore()}`);
        if (name === 7) resolve();
      };

      peer.send('first', () => {
        for (const name of [1, 2, 3, 4, 5, 6, 7]) {
          const data = Buffer.alloc(name === 4 ? 20_000 : 1);

          storage.run(name, () => peer.send(data, note(name)));
        }
      });
    });

    assert.deepStrictEqual(
      log,
      [1, 2, 3, 4, 5, 6, 7].map((name) => `${name} ${name}`)
    );
  });
});

describe('the callback of a frame over TLS', () => {
  for (const end of ['terminate', 'destroy']) {
    it(`says that it was written when it has left (${end})`, async (t) => {
      const { client, peer } = await openTlsPair(t);
      const message = once(client, 'message');
      const reports = [];

      client.on('error', () => {});
      peer.send('arrives', (err) => reports.push(err));
      if (end === 'terminate') peer.terminate();
      else peer._socket.destroy();
      await once(peer, 'close');
      assert.strictEqual(String((await message)[0]), 'arrives');
      assert.deepStrictEqual(reports, [null]);
    });

    it(`has an error when the kernel did not take it (${end})`, async (t) => {
      const { client, peer } = await openTlsPair(t);
      const reports = [];

      client._socket.pause();
      client.on('error', () => {});
      peer.send(Buffer.alloc(3e7), (err) => reports.push(err));
      if (end === 'terminate') peer.terminate();
      else peer._socket.destroy();
      await once(peer, 'close');
      assert.strictEqual(reports.length, 1);
      assert.ok(reports[0] instanceof Error);
    });
  }
});

describe('bytesWritten of a TLS socket', () => {
  it('counts what was sent in this tick, whether it waits or not', async (t) => {
    const { peer, client } = await openTlsPair(t);
    const arrived = collect(client, 'message', 3);
    const start = peer._socket.bytesWritten;
    const counts = [];

    for (const text of ['a', 'bb', 'ccc']) {
      peer.send(text);
      counts.push(peer._socket.bytesWritten - start);
    }

    assert.deepStrictEqual(counts, [3, 7, 12]);
    await arrived;
    assert.strictEqual(peer._socket.bytesWritten - start, 12);
  });
});

describe('wss:', () => {
  it('connects to a server whose certificate is trusted', async (t) => {
    const { wss, url } = await serveTls(t);
    const connected = once(wss, 'connection');
    const ws = new WebSocket(url, { ca: ours.cert });

    await once(ws, 'open');

    const [peer, request] = await connected;

    assert.ok(ws._socket instanceof tls.TLSSocket);
    assert.strictEqual(ws._socket.authorized, true);
    assert.strictEqual(request.socket.encrypted, true);

    peer.on('message', (data, binary) => peer.send(data, { binary }));
    ws.send('over TLS');
    assert.strictEqual(String((await once(ws, 'message'))[0]), 'over TLS');
    ws.close(1000);
    assert.strictEqual((await closeOf(ws))[0], 1000);
  });

  it('does not connect to a server whose certificate is not', async (t) => {
    const { url } = await serveTls(t);

    for (const options of [{}, { ca: theirs.cert }]) {
      const ws = new WebSocket(url, options);

      await assert.rejects(once(ws, 'open'), { code: /SIGNED|SIGNATURE|CERT/ });
    }
  });

  it('connects to any server if certificates are not to be verified', async (t) => {
    const { url } = await serveTls(t);
    const ws = new WebSocket(url, { rejectUnauthorized: false });

    await once(ws, 'open');
    ws.terminate();
  });

  it('sends the certificate of the client', async (t) => {
    const { wss, url } = await serveTls(t, {
      ca: theirs.cert,
      requestCert: true
    });
    const connected = once(wss, 'connection');
    const ws = new WebSocket(url, { ca: ours.cert, ...theirs });

    await once(ws, 'open');

    const [peer, { socket }] = await connected;

    assert.strictEqual(socket.authorized, true);
    assert.strictEqual(socket.getPeerCertificate().subject.CN, 'localhost');
    assert.strictEqual(peer._socket, socket);
    ws.terminate();
  });

  it('is refused by a server that wants another certificate', async (t) => {
    const { url } = await serveTls(t, { ca: theirs.cert, requestCert: true });
    const ws = new WebSocket(url, { ca: ours.cert });

    await assert.rejects(once(ws, 'open'));
  });

  it('carries large and many messages both ways at once', async (t) => {
    const { client, peer } = await openTlsPair(t, {
      server: { perMessageDeflate: { threshold: 1 << 19 } }
    });
    const datas = [1, 200, 70_000, 3 << 20, 5].map((size) => randomBytes(size));

    for (const data of datas) {
      client.send(data);
      peer.send(data);
    }
    for (let i = 0; i < 500; i++) client.send(`${i}`);

    const [toClient, toPeer] = await Promise.all([
      collect(client, 'message', datas.length),
      collect(peer, 'message', datas.length + 500)
    ]);

    for (const [i, data] of datas.entries()) {
      assert.ok(toClient[i][0].equals(data));
      assert.ok(toPeer[i][0].equals(data));
    }
    assert.deepStrictEqual(
      toPeer.slice(datas.length).map(([data]) => Number(data)),
      Array.from({ length: 500 }, (_, i) => i)
    );
  });
});

describe('createWebSocketStream over TLS', () => {
  it('carries a stream there and back, in pieces of any size', async (t) => {
    const { client, peer } = await openTlsPair(t);
    const source = randomBytes(4 << 20);
    const echo = createWebSocketStream(peer);
    const duplex = createWebSocketStream(client);
    const echoed = [];
    let size = 0;

    echo.pipe(echo);
    duplex.on('data', (chunk) => {
      echoed.push(chunk);
      size += chunk.length;
      if (size === source.length) duplex.end();
    });

    for (let at = 0, step = 1; at < source.length; at += step, step *= 3) {
      const chunk = source.subarray(at, at + step);

      if (!duplex.write(chunk)) await once(duplex, 'drain');
    }

    await once(duplex, 'close');
    assert.ok(Buffer.concat(echoed).equals(source));
  });

  it('ends on both sides with the source', async (t) => {
    const { client, peer } = await openTlsPair(t);
    const source = randomBytes(300_000);
    const received = buffer(createWebSocketStream(peer));
    const duplex = createWebSocketStream(client);

    duplex.resume();
    await pipeline(Readable.from([source, source]), duplex);
    assert.ok((await received).equals(Buffer.concat([source, source])));
  });
});

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { until } = require('../support/loop');
const {
  collect,
  openPair,
  openRawClient,
  openTlsPair
} = require('../support/pairs');
const { bytesOf, connect, listen } = require('../support/peers');
const { openTls, serveTls } = require('../support/own-tls');
const { portOf } = require('../support/raw-http');
const { serve, serveHttp, upgradeWith } = require('../support/servers');
const { isAvailable } = require('../../lib/wire/promotion');
const WebSocket = require('../../index');

const { Sender, Topics, WebSocketServer } = WebSocket;

const skip = !isAvailable && 'TLS is of Node without the native wire';

const OPEN = { tcp: openPair, tls: openTlsPair };

/** Frames of so many bytes, from a client or not. */
function wire(masked, ...lengths) {
  return lengths.reduce((sum, length) => {
    const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;

    return sum + header + (masked ? 4 : 0) + length;
  }, 0);
}

it('A server without connections has counted nothing', async (t) => {
  assert.deepStrictEqual(serve(t).metrics(), {
    connections: { open: 0, loop: 0, stream: 0, threads: 0, light: 0 },
    opened: 0,
    acceptedNatively: 0,
    acceptedByNode: {},
    materialized: 0,
    closed: {},
    received: { messages: 0, bytes: 0, wireBytes: 0 },
    sent: { messages: 0, bytes: 0, wireBytes: 0 },
    queuedBytes: 0,
    dropped: 0,
    heartbeatsMissed: 0
  });
});

for (const [name, open] of Object.entries(OPEN)) {
  describe(`The metrics of a server, over ${name},`, () => {
    it('count messages, their bytes and those of frames', async (t) => {
      const { client, peer, wss } = await open(t, {
        client: { perMessageDeflate: false }
      });
      const lengths = [0, 1, 125, 126, 20_000, 70_000];
      const received = collect(peer, 'message', lengths.length + 1);
      const total = lengths.reduce((sum, length) => sum + length);

      for (const length of lengths) client.send(bytesOf(length));
      client.send('é', { fin: false });
      client.ping();
      client.send('ü');
      await received;
      assert.deepStrictEqual(wss.metrics().received, {
        messages: 7,
        bytes: total + 4,
        wireBytes: wire(true, ...lengths, 2, 0, 2)
      });

      const pong = wire(false, 0);
      const echoed = collect(client, 'message', lengths.length + 2);

      for (const length of lengths) peer.send(bytesOf(length));
      peer.send('é', { fin: false });
      peer.send('ü');
      peer.send('text');
      await echoed;
      assert.deepStrictEqual(wss.metrics().sent, {
        messages: 8,
        bytes: total + 8,
        wireBytes: wire(false, ...lengths, 2, 2, 4) + pong
      });
    });

    it('count what was compressed by its length before', async (t) => {
      const options = { perMessageDeflate: { threshold: 0 } };
      const { client, peer, wss } = await open(t, {
        client: options,
        server: options
      });
      const text = 'compressible '.repeat(1000);

      client.send(text);
      client.send(text.slice(0, 100), { fin: false });
      client.send(text.slice(100));
      await collect(peer, 'message', 2);

      const { received } = wss.metrics();

      assert.strictEqual(received.messages, 2);
      assert.strictEqual(received.bytes, 2 * text.length);
      assert.ok(received.wireBytes < 500, received.wireBytes);

      const all = collect(client, 'message', 4);

      peer.send(text);
      peer.send(text.slice(0, 100), { fin: false });
      peer.send(text.slice(100));
      wss.broadcast(text);
      wss.broadcast(text);
      await all;

      const { sent } = wss.metrics();

      assert.strictEqual(sent.messages, 4);
      assert.strictEqual(sent.bytes, 4 * text.length);
      assert.ok(sent.wireBytes < 1000, sent.wireBytes);
    });

    it('count messages for many, and frames that somebody else made', async (t) => {
      const { client, peer, wss } = await open(t);
      const other = new WebSocket(
        client.url,
        client._socket.encrypted && { rejectUnauthorized: false }
      );
      const topics = new Topics();

      t.after(() => other.terminate());

      const [far] = await once(wss, 'connection');

      if (other.readyState !== WebSocket.OPEN) await once(other, 'open');
      for (const ws of [peer, far]) topics.subscribe(ws, 'all');

      const all = [client, other].map((ws) => collect(ws, 'message', 2));

      wss.broadcast('to all');
      topics.publish('all', '12345678');
      await Promise.all(all);
      assert.deepStrictEqual(wss.metrics().sent, {
        messages: 4,
        bytes: 2 * (6 + 8),
        wireBytes: 2 * (8 + 10)
      });

      const raw = collect(client, 'message', 3);

      for (const length of [5, 300, 100_000]) {
        const list = Sender.frame(bytesOf(length), {
          fin: true,
          mask: false,
          opcode: 2,
          readOnly: true,
          rsv1: false
        });

        peer._sender.sendFrame(list);
      }
      await raw;

      const { sent } = wss.metrics();

      assert.strictEqual(sent.messages, 4 + 3);
      assert.strictEqual(sent.bytes, 28 + 100_305);
      assert.strictEqual(sent.wireBytes, 36 + wire(false, 5, 300, 100_000));
    });

    it('count connections by where they are, and closed ones by their codes', async (t) => {
      const { client, peer, wss } = await open(t);
      const { connections, opened, acceptedByNode } = wss.metrics();

      assert.strictEqual(opened, 1);
      assert.strictEqual(connections.open, 1);
      await until(() => wss.metrics().connections[peer.transport] === 1);
      if (name === 'tls') assert.deepStrictEqual(acceptedByNode, { tls: 1 });

      const closed = once(peer, 'close');

      client.close(4000);
      await closed;
      assert.strictEqual(wss.metrics().connections.open, 0);
      assert.deepStrictEqual(wss.metrics().closed, { 4000: 1 });
    });

    it('say what waits, and what was dropped', async (t) => {
      const { client, peer, wss } = await open(t, {
        server: { maxBackpressure: 100_000, onBackpressure: 'drop' }
      });
      const message = bytesOf(2 ** 22);

      client.pause();
      while (peer.bufferedAmount === 0) {
        peer.send(message);
        await new Promise(setImmediate);
      }

      const { messages } = wss.metrics().sent;

      peer.send(message);
      wss.broadcast(message);

      const { dropped, queuedBytes, sent } = wss.metrics();

      assert.strictEqual(dropped, 2);
      assert.strictEqual(sent.messages, messages);
      assert.ok(queuedBytes > 0 && queuedBytes <= 2 * message.length);
    });
  });
}

describe('The metrics of a server', () => {
  it(
    'count a connection that has left our own TLS for the stream there',
    { skip },
    async (t) => {
      const server = await serveTls(t);
      const { peer } = await openTls(t, server);
      const one = { light: 0, loop: 0, open: 1, stream: 0, threads: 0 };

      peer._socket.on('data', () => {});
      await until(() => peer.transport === 'stream');
      assert.deepStrictEqual(server.wss.metrics().connections, {
        ...one,
        stream: 1
      });
    }
  );

  it('count peers that were not alive', async (t) => {
    const { peer, wss } = await openRawClient(t, {
      heartbeat: { interval: 20, timeout: 20 }
    });

    await once(peer, 'close');

    const { closed, heartbeatsMissed } = wss.metrics();

    assert.strictEqual(heartbeatsMissed, 1);
    assert.deepStrictEqual(closed, { 1006: 1 });
  });

  it('are there without a server of its own, and without clients', async (t) => {
    const server = serveHttp(t);
    const wss = new WebSocketServer({ clientTracking: false, noServer: true });
    const opened = new Promise((resolve) => upgradeWith(wss, server, resolve));
    const client = new WebSocket(`ws://127.0.0.1:${await portOf(server)}`);
    const peer = await opened;

    t.after(() => client.terminate());

    const received = once(client, 'message');

    peer.send('12345');
    await received;

    const { acceptedByNode, connections, sent } = wss.metrics();

    assert.strictEqual(connections.open, 1);
    assert.deepStrictEqual(acceptedByNode, { noServer: 1 });
    assert.deepStrictEqual(sent, { messages: 1, bytes: 5, wireBytes: 7 });
  });

  it('are those of one server only', async (t) => {
    const [a, b] = [await openPair(t), await openPair(t)];
    const received = once(a.peer, 'message');

    a.client.send('1');
    await received;
    assert.strictEqual(a.wss.metrics().received.messages, 1);
    assert.strictEqual(b.wss.metrics().received.messages, 0);
  });

  it('can be read behind the end of the server', async (t) => {
    const { client, peer, wss } = await openPair(t);
    const closed = [once(peer, 'close'), once(wss, 'close')];

    client.close(1000);
    wss.close();
    await Promise.all(closed);
    assert.deepStrictEqual(wss.metrics().closed, { 1000: 1 });
  });

  it('count what a subclass sends as soon as it is open', async (t) => {
    class Greeter extends WebSocket {
      constructor(...args) {
        super(...args);
        this.on('open', () => this.send('hello'));
      }
    }

    const server = await listen(t, WebSocketServer, { WebSocket: Greeter });
    const [, client] = await connect(server, WebSocket);

    t.after(() => client.terminate());
    assert.strictEqual(server.metrics().sent.messages, 1);
  });
});

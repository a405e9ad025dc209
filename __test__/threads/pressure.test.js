'use strict';

const assert = require('node:assert');
const net = require('node:net');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { selfSigned } = require('../../examples/self-signed');
const native = require('../../lib/native');
const { frame, MASK, PING } = require('../support/frames');
const { until, turns } = require('../support/loop');
const { noMemoryBack } = require('../support/machine');
const { closeOf } = require('../support/pairs');
const { openThreaded, skipThreads: skip } = require('../support/threads');

const MIB = 1 << 20;

/** Keeps this thread busy, so that only others run. */
function work(milliseconds) {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

/** The socket of a client that reads nothing. */
async function openSilent(t, wss) {
  const socket = net.connect(wss.address().port, '127.0.0.1');

  t.after(() => socket.destroy());
  socket.pause();
  socket.write(
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n' +
      'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n'
  );

  const [ws] = await once(wss, 'connection');

  await turns();
  return { socket, ws };
}

describe('On an I/O thread', { skip }, () => {
  it(
    'a message for many is kept once for all who do not read it',
    { skip: noMemoryBack },
    async (t) => {
      const { wss } = await openThreaded(t, 0);

      for (let i = 0; i < 200; i++) await openSilent(t, wss);

      const before = process.memoryUsage.rss();

      for (let i = 0; i < 10; i++) {
        wss.broadcast(Buffer.alloc(MIB, i));
        await turns(20);
      }

      const grown = (process.memoryUsage.rss() - before) / MIB;

      for (const ws of wss.clients) assert.ok(ws.bufferedAmount > 4 * MIB);
      assert.ok(grown < 32, `${grown} MiB`);
    }
  );

  it('what was handed over is written, though a fragment behind it is taken away', async (t) => {
    const { wss } = await openThreaded(t, 0);
    const { socket, ws } = await openSilent(t, wss);
    const bytes = new Uint8Array(100_000);
    const outcomes = [];
    const received = [];
    const note = (name) => (err) => outcomes.push([name, err?.code ?? null]);

    ws.on('error', () => {});
    while (ws.bufferedAmount === 0) ws.send(new Uint8Array(100_000));
    ws.send('before', note('before'));
    ws.send(bytes, { fin: false }, note('fragment'));
    ws.send('behind', note('behind'));
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    socket.on('data', (chunk) => received.push(chunk));
    socket.resume();
    await closeOf(ws);
    await until(() => Buffer.concat(received).includes('before'));
    assert.deepStrictEqual(outcomes, [
      ['before', null],
      ['fragment', 'WS_RS_DATA_DETACHED'],
      ['behind', 'WS_RS_DATA_DETACHED']
    ]);
  });

  it('a callback waits for the kernel, and bufferedAmount counts until then', async (t) => {
    const { wss } = await openThreaded(t, 0);
    const { socket, ws } = await openSilent(t, wss);
    const total = 64 * MIB;
    let called = 0;
    let received = 0;

    assert.strictEqual(ws.transport, 'threads');
    ws.on('message', () => {});
    for (let i = 0; i < 64; i++) ws.send(Buffer.alloc(MIB), () => called++);
    await turns(50);
    assert.ok(called < 64, `${called} callbacks, and nobody has read`);

    const before = ws.bufferedAmount;

    assert.ok(before > 32 * MIB, `${before} bytes wait`);
    socket.on('data', (chunk) => (received += chunk.length));
    socket.resume();
    await until(() => received >= total);
    await until(() => called === 64);
    assert.strictEqual(ws.bufferedAmount, 0);
  });

  it("what waits is in the new socket's queue for who looks there", async (t) => {
    const { wss } = await openThreaded(t, 0);
    const seen = [];

    wss.on('connection', (ws) => {
      // In time for the thread to find out by itself that the kernel is full.
      for (; ws.bufferedAmount === 0; work(0.02)) ws.send(Buffer.alloc(4096));
      seen.push([ws.bufferedAmount, ws._socket._writableState.length]);
    });
    // Of two connections one has the thread find out.
    for (let i = 0; i < 12; i++) await openSilent(t, wss);

    for (const [buffered, queued] of seen) {
      assert.ok(buffered > 0);
      assert.strictEqual(queued, buffered);
    }
  });

  it('a program that is busy makes its peer wait', async (t) => {
    const { pairs } = await openThreaded(t, 1);
    const [{ client, peer }] = pairs;
    let count = 0;

    peer.on('message', () => count++);
    for (let i = 0; i < 64; i++) client.send(Buffer.alloc(MIB));

    const before = process.memoryUsage().arrayBuffers;

    work(300);

    // Neither end's JavaScript has run; the thread has read what it may.
    const { unread } = { unread: peer._socket.bytesRead };

    assert.ok(unread < MIB, `${unread} bytes`);
    assert.ok(process.memoryUsage().arrayBuffers - before < MIB);
    await until(() => count === 64);
  });

  it("what was read ahead counts as read when the socket is Node's again", async (t) => {
    const { pairs } = await openThreaded(t, 1);
    const [{ client, peer }] = pairs;
    const socket = peer._socket;
    const before = socket.bytesRead;
    const length = 20_000;
    const header = 4 + 4; // of a frame, with its mask
    let count = 0;

    peer.on('message', () => count++);
    for (let i = 0; i < 10; i++) client.send(Buffer.alloc(length));
    work(100);
    peer.pause();
    await until(() => peer.transport === 'stream');
    assert.strictEqual(count, 0);
    peer.resume();
    await until(() => count === 10);
    assert.strictEqual(socket.bytesRead - before, 10 * (header + length));
  });

  it('a peer that pings and reads no pongs is given up', async (t) => {
    const { wss } = await openThreaded(t, 0, { maxPendingAutoPongs: 5 });
    const { socket, ws } = await openSilent(t, wss);
    const pings = Buffer.concat(
      Array(1000).fill(frame(PING, 'x'.repeat(125), { mask: MASK }))
    );
    const closed = once(ws, 'close');
    const flood = () => {
      if (!socket.destroyed) socket.write(pings, () => setImmediate(flood));
    };

    assert.strictEqual(ws.transport, 'threads');
    socket.on('error', () => {});
    flood();

    const [code] = await closed;

    assert.strictEqual(code, 1006);
    socket.destroy();
  });

  it('what was sent is with the kernel when a connection is terminated', async (t) => {
    for (const end of [
      (ws) => ws.terminate(),
      (ws) => ws._socket.destroy(),
      (ws) => ws._socket._handle.close(),
      (ws) => ws.close()
    ]) {
      const { pairs } = await openThreaded(t, 1);
      const [{ client, peer }] = pairs;
      const got = [];

      client.on('message', (data) => got.push(data.length));

      const closed = once(client, 'close');

      for (let i = 0; i < 20; i++) peer.send(Buffer.alloc(1000 + i));
      end(peer);
      await closed;
      assert.deepStrictEqual(
        got,
        Array.from({ length: 20 }, (_, i) => 1000 + i)
      );
    }
  });

  // Other kernels take less at once.
  const skipMore =
    process.platform !== 'linux' && 'the kernel takes less than is sent here';

  it(
    'more than a thread is given at once is with the kernel, too',
    {
      skip: skipMore
    },
    async (t) => {
      const tls = selfSigned();

      for (const options of [undefined, { tls }]) {
        for (const end of [
          (ws) => ws.terminate(),
          (ws) => ws._socket.destroy(),
          // As when the process exits.
          () => native.loopSettle()
        ]) {
          // The thread may be so fast that nothing has to wait.
          for (let run = 0; run < 5; run++) {
            const { pairs } = await openThreaded(t, 1, options);
            const [{ client, peer }] = pairs;
            const received = [];

            client.on('message', (data) => received.push(data[0]));

            const closed = once(client, 'close');

            for (let i = 0; i < 20; i++) peer.send(Buffer.alloc(70_000, i));
            end(peer);
            assert.strictEqual(peer.bufferedAmount, 0);
            peer.terminate();
            await closed;
            assert.deepStrictEqual(received, [...Array(20).keys()]);
          }
        }
      }
    }
  );
});

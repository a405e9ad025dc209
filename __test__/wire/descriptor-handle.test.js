'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');
const { Worker } = require('node:worker_threads');

const { kLight } = require('../../lib/wire/materialize');
const { connected, serveOn } = require('../support/accepted');
const { eventually } = require('../support/patience');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');
const { serve } = require('../support/servers');

const skip =
  process.platform === 'linux' &&
  process.env.WS_RS_ACCEPT !== 'node' &&
  (process.env.WS_RS_TRANSPORT ?? '') === ''
    ? false
    : 'connections are accepted without handles on Linux only';

const files = () => fs.readdirSync('/proc/self/fd').length;

/** A connection behind the first one, which libuv has accepted. */
async function second(t, wss) {
  const port = await portOf(wss);

  await connected(t, wss, port);
  return connected(t, wss, port);
}

function hasHandle(ws) {
  const light = ws._socket[kLight];

  return light ? typeof light._handle !== 'function' : true;
}

describe('A connection without a handle', { skip }, () => {
  it('has none behind the first one of its server', async (t) => {
    const { ws } = await second(t, serve(t));

    assert.ok(!hasHandle(ws));
  });

  it('sends, receives and is closed without one', async (t) => {
    const { ws, socket } = await second(t, serve(t));
    const message = once(ws, 'message');

    socket.write('\x81\x82\0\0\0\0hi', 'latin1');
    assert.strictEqual(String((await message)[0]), 'hi');
    ws.send('there');

    const [answer] = await once(socket, 'data');

    assert.strictEqual(answer, '\x81\x05there');
    assert.ok(!hasHandle(ws));

    const ended = once(socket, 'close');

    ws.terminate();
    await Promise.all([once(ws, 'close'), ended]);
  });

  it('gives its addresses as Node does', async (t) => {
    const addresses = (socket) => [
      socket.remoteAddress,
      socket.remotePort,
      socket.remoteFamily,
      socket.localAddress,
      socket.localPort,
      socket.localFamily,
      JSON.stringify(socket.address())
    ];

    for (const host of ['127.0.0.1', '::', '::1']) {
      const server = http.createServer();

      try {
        server.listen(0, host);
        await once(server, 'listening');
      } catch {
        // This machine has no IPv6.
        continue;
      }

      const { wss } = await serveOn(t, server);
      const port = await portOf(server);
      const to = host === '::1' ? '::1' : '127.0.0.1';
      const connect = async () => {
        const connection = once(wss, 'connection');
        const client = net.connect(port, to);

        t.after(() => client.destroy());
        client.write(upgradeRequest());
        return { client, ws: (await connection)[0] };
      };

      await connect();

      const { client, ws } = await connect();
      const seen = addresses(ws._socket);

      assert.ok(!hasHandle(ws));
      assert.strictEqual(seen[1], client.localPort);
      ws._socket.setKeepAlive(true);
      assert.ok(hasHandle(ws));
      // Node asks the handle, which was not there before.
      ws._socket._peername = undefined;
      ws._socket._sockname = undefined;
      assert.deepStrictEqual(addresses(ws._socket), seen);
    }
  });

  it('gets one when Node is to make its socket, and closes with it', async (t) => {
    const { ws, socket } = await second(t, serve(t));
    const before = files();

    assert.ok(ws._socket._handle.fd > 0);
    assert.strictEqual(files(), before);

    const message = once(ws, 'message');

    socket.write('\x81\x82\0\0\0\0hi', 'latin1');
    assert.strictEqual(String((await message)[0]), 'hi');
    socket.destroy();
    await once(ws, 'close');
    await eventually(
      () => files() <= before - 2,
      () => `${files()} instead of ${before - 2} descriptors`
    );
  });

  it('is closed in the same phase of the loop as with a handle', async (t) => {
    const wss = serve(t);
    const orders = [];

    for (const touches of [false, true]) {
      const { ws } = await second(t, wss);
      const order = [];

      if (touches) ws._socket.setKeepAlive(true);
      assert.strictEqual(hasHandle(ws), touches);
      await new Promise((resolve) => {
        ws.on('close', () => {
          order.push('close');
          setImmediate(resolve);
        });
        setImmediate(() => {
          ws.terminate();
          process.nextTick(() => order.push('tick'));
          setImmediate(() => order.push('immediate'));
        });
      });
      orders.push(order.join());
    }

    assert.strictEqual(orders[0], 'tick,close,immediate');
    assert.strictEqual(orders[1], orders[0]);
  });

  it('lends nobody the context in which its handle is made', async (t) => {
    const storage = new AsyncLocalStorage();
    const { ws, socket } = await second(t, serve(t));
    const stores = [];

    storage.run('of a listener', () => ws._socket.setKeepAlive(true));
    // From now on Node reads it.
    storage.run('of another', () =>
      ws._socket.on('data', () => stores.push(storage.getStore()))
    );
    socket.write('\x81\x82\0\0\0\0hi', 'latin1');
    await once(ws, 'message');
    assert.deepStrictEqual(stores, [undefined]);
  });

  it('ends with its worker', async (t) => {
    const before = files();
    const worker = new Worker(
      `const { parentPort, workerData } = require('worker_threads');
      const { WebSocketServer } = require(workerData);
      const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
      let count = 0;
      wss.on('listening', () => parentPort.postMessage(wss.address().port));
      wss.on('connection', (ws) => {
        if (++count === 10) ws.terminate();
        if (count === 20) parentPort.postMessage('all');
      });`,
      { eval: true, workerData: require.resolve('../..') }
    );
    const [port] = await once(worker, 'message');
    const all = once(worker, 'message');
    const ends = [];

    for (let i = 0; i < 20; i++) {
      const { socket } = await exchange(port, upgradeRequest());

      socket.on('error', () => {});
      socket.resume();
      ends.push(once(socket, 'close'));
      t.after(() => socket.destroy());
    }

    await all;
    await worker.terminate();
    await Promise.all(ends);
    await eventually(
      () => files() <= before,
      () => `${files()} instead of ${before} descriptors`
    );
  });
});

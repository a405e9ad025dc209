'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const fs = require('node:fs');
const os = require('node:os');
const { describe, it } = require('node:test');

const WebSocket = require('../../lib/api/websocket');
const native = require('../../lib/native');
const { isAvailable } = require('../../lib/wire/promotion');
const { isLight } = require('../../lib/wire/materialize');
const { connected, serveOn } = require('../support/accepted');
const { eventually } = require('../support/patience');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');
const { serve, serveHttp } = require('../support/servers');

const skip = isAvailable ? false : 'there is no native wire to accept with';

describe('A connection is accepted natively', { skip }, () => {
  it('by a server of its own', async (t) => {
    const wss = serve(t);
    const { ws } = await connected(t, wss, await portOf(wss));

    assert.ok(isLight(ws._socket));
    assert.strictEqual(ws.transport, 'loop');
    assert.strictEqual(ws.bufferedAmount, 0);
    assert.ok(isLight(ws._socket));
  });

  it('by a given server, whether it listens already or not', async (t) => {
    const listening = serveHttp(t);

    await portOf(listening);
    for (const server of [listening, http.createServer()]) {
      const { port, wss } = await serveOn(t, server);
      const { ws } = await connected(t, wss, port);

      assert.ok(isLight(ws._socket));
    }
  });

  it('and knows at any time how many bytes of its request were read', async (t) => {
    const { length } = upgradeRequest();
    const seen = [];
    const note = ({ req }) => seen.push(req.socket.bytesRead) > 0;
    const later = (info, callback) => setImmediate(callback, true);

    for (const verifyClient of [note, later, null]) {
      const wss = serve(t, { verifyClient });
      const { ws } = await connected(t, wss, await portOf(wss));

      seen.push(ws._socket.bytesRead);
      ws._socket.on('close', () => {});
      seen.push(ws._socket.bytesRead);
    }

    assert.deepStrictEqual(seen, new Array(7).fill(length));
  });

  it('beside requests that are for Node', async (t) => {
    const server = http.createServer((req, res) => res.end(`got ${req.url}`));
    const { port, wss } = await serveOn(t, server);
    const answer = await fetch(`http://127.0.0.1:${port}/page`);
    const { ws } = await connected(t, wss, port);

    assert.strictEqual(await answer.text(), 'got /page');
    assert.ok(isLight(ws._socket));
  });

  it('on a Unix socket', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-'));
    const file = path.join(folder, 'socket');
    const server = http.createServer().listen(file);

    t.after(() => fs.rmSync(folder, { recursive: true }));
    await once(server, 'listening');

    const { wss } = await serveOn(t, server);
    const connection = once(wss, 'connection');
    const client = new WebSocket(`ws+unix://${file}:/`);

    t.after(() => client.terminate());

    const [ws] = await connection;
    const echo = once(client, 'message');

    assert.ok(isLight(ws._socket));
    ws.send('over the file system');
    assert.strictEqual(String((await echo)[0]), 'over the file system');
  });

  it('with a request that comes late', async (t) => {
    const wss = serve(t);
    const socket = net.connect(await portOf(wss), '127.0.0.1');

    t.after(() => socket.destroy());
    await once(socket, 'connect');
    // The server has seen it by the time that another one is through.
    await connected(t, wss, await portOf(wss));

    const connection = once(wss, 'connection');

    socket.write(upgradeRequest());

    const [ws] = await connection;
    const message = once(ws, 'message');

    socket.write('\x81\x82\0\0\0\0hi', 'latin1');
    assert.ok(isLight(ws._socket));
    assert.strictEqual(String((await message)[0]), 'hi');
  });

  it('unless frames come with the request, which Node hands out by the next tick', async (t) => {
    const wss = serve(t);
    const socket = net.connect(await portOf(wss), '127.0.0.1');
    const events = [];

    t.after(() => socket.destroy());
    wss.on('connection', (ws) => {
      ws.on('message', (data) => events.push(String(data)));
      ws.on('close', (code) => events.push(code));
      ws.terminate();
    });
    socket.on('error', () => {});
    socket.write(`${upgradeRequest()}\x81\x82\0\0\0\0hi`, 'latin1');
    await eventually(
      () => events.length === 2,
      () => `only ${events}`
    );
    assert.deepStrictEqual(events, ['hi', 1006]);
    assert.deepStrictEqual(wss.metrics().acceptedByNode, { request: 1 });
  });

  it('with verifyClient, subprotocols, headers and compression', async (t) => {
    const wss = serve(t, {
      handleProtocols: (protocols) => [...protocols].at(-1),
      perMessageDeflate: true,
      verifyClient: ({ origin, req, secure }) =>
        origin === 'http://a' && req.url === '/x' && !secure
    });
    const lines = [];

    wss.on('headers', (list) => lines.push(...list, list.push('X-Added: y')));

    const port = await portOf(wss);
    const connection = once(wss, 'connection');
    const { headers, socket } = await exchange(
      port,
      upgradeRequest(
        {
          Origin: 'http://a',
          'Sec-WebSocket-Extensions': 'permessage-deflate',
          'Sec-WebSocket-Protocol': 'a, b'
        },
        'GET /x'
      )
    );

    t.after(() => socket.destroy());

    const [ws] = await connection;

    assert.ok(isLight(ws._socket));
    assert.strictEqual(ws.protocol, 'b');
    assert.strictEqual(ws.extensions, 'permessage-deflate');
    assert.strictEqual(headers['sec-websocket-protocol'], 'b');
    assert.strictEqual(
      headers['sec-websocket-extensions'],
      'permessage-deflate'
    );
    assert.strictEqual(headers['x-added'], 'y');
  });
});

describe('A connection that the system can watch no more', { skip }, () => {
  it('is made by Node, be it before or behind its request', async (t) => {
    for (const name of ['acceptOpen', 'acceptAwait']) {
      const wss = serve(t);
      const port = await portOf(wss);
      const method = native[name];
      let calls = 0;

      native[name] = () => {
        calls++;
      };
      t.after(() => (native[name] = method));

      const connection = once(wss, 'connection');
      const message = new Promise((resolve) => {
        wss.once('connection', (ws) => ws.once('message', resolve));
      });
      const client = net.connect(port, '127.0.0.1');

      t.after(() => client.destroy());
      if (name === 'acceptAwait') {
        await eventually(
          () => calls > 0,
          () => 'it did not wait'
        );
      }

      client.write(upgradeRequest());

      const [ws] = await connection;

      client.write('\x81\x82\0\0\0\0hi', 'latin1');
      assert.strictEqual(String(await message), 'hi');
      assert.strictEqual(calls, 1, name);
      assert.ok(!isLight(ws._socket));
      native[name] = method;
      ws.send('there');

      const [answer] = await once(client, 'data');

      assert.match(String(answer), /^HTTP\/1\.1 101 /);
    }
  });
});

describe('A server that takes connections itself', { skip }, () => {
  const get = async (port) => (await fetch(`http://127.0.0.1:${port}/`)).text();

  it('answers what is for Node in the context that it listens in', async (t) => {
    const storage = new AsyncLocalStorage();
    const stores = [];
    const server = http.createServer((req, res) => {
      stores.push(storage.getStore());
      res.setHeader('Connection', 'close').end('page');
    });

    await storage.run('listening', () => serveOn(t, server));

    const port = await portOf(server);

    for (let i = 0; i < 3; i++) assert.strictEqual(await get(port), 'page');
    assert.deepStrictEqual(stores, Array(3).fill('listening'));
  });

  it('leaves them to Node as long as somebody listens for sockets', async (t) => {
    const server = http.createServer((req, res) =>
      res.setHeader('Connection', 'close').end('page')
    );
    const { port, wss } = await serveOn(t, server);
    const sockets = [];
    const track = (socket) => sockets.push(socket);

    await connected(t, wss, port);
    await connected(t, wss, port);
    server.on('connection', track);

    for (let i = 1; i <= 3; i++) {
      const { ws } = await connected(t, wss, port);

      assert.strictEqual(sockets.at(-1), ws._socket);
      assert.strictEqual(await get(port), 'page');
      assert.strictEqual(sockets.length, 2 * i);
    }

    server.off('connection', track);
    await connected(t, wss, port);

    const { ws } = await connected(t, wss, port);

    assert.ok(isLight(ws._socket));
    assert.strictEqual(sockets.length, 6);
  });

  it('drops what is too much, as Node does', async (t) => {
    const server = http.createServer();
    const drops = [];

    server.maxConnections = 2;
    server.on('drop', ({ remotePort }) => drops.push(remotePort));

    const { port, wss } = await serveOn(t, server);

    await connected(t, wss, port);
    await connected(t, wss, port);

    for (let i = 1; i <= 3; i++) {
      const client = net.connect(port, '127.0.0.1');

      await once(client, 'close');
      await eventually(
        () => drops.length === i,
        () => `${drops.length} were dropped`
      );
    }
  });

  it('listens no more from close() on', async (t) => {
    const server = http.createServer();
    const { port, wss } = await serveOn(t, server);

    await connected(t, wss, port);

    const { ws } = await connected(t, wss, port);

    server.close();

    const client = net.connect(port, '127.0.0.1');
    const [err] = await once(client, 'error');

    assert.strictEqual(err.code, 'ECONNREFUSED');

    const closed = once(server, 'close');

    ws.terminate();
    for (const other of wss.clients) other.terminate();
    await closed;
  });

  it('goes on after a listener that throws', async (t) => {
    const wss = serve(t);
    const port = await portOf(wss);

    await connected(t, wss, port);
    wss.once('connection', () => {
      throw new Error('of the program');
    });

    const thrown = new Promise((resolve) => {
      process.setUncaughtExceptionCaptureCallback(resolve);
    });

    t.after(() => process.setUncaughtExceptionCaptureCallback(null));

    const clients = [1, 2, 3].map(() => {
      const client = net.connect(port, '127.0.0.1');

      t.after(() => client.destroy());
      client.write(upgradeRequest());
      return once(client, 'data');
    });

    assert.strictEqual((await thrown).message, 'of the program');
    for (const [answer] of await Promise.all(clients)) {
      assert.match(String(answer), /^HTTP\/1\.1 101 /);
    }
  });
});

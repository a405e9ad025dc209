'use strict';

const assert = require('node:assert');
const diagnostics = require('node:diagnostics_channel');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const fs = require('node:fs');
const os = require('node:os');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const WebSocket = require('../../lib/api/websocket');
const WebSocketServer = require('../../lib/api/websocket-server');
const native = require('../../lib/native');
const { isAvailable } = require('../../lib/wire/promotion');
const { isLight } = require('../../lib/wire/light-socket');
const { closeOf } = require('../support/pairs');
const { eventually } = require('../support/patience');
const { evaluate, runProgram } = require('../support/programs');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');
const { serve, serveHttp } = require('../support/servers');

const skip = isAvailable ? false : 'there is no native wire to accept with';

/** Connects to a port; gives the server's end. */
async function connected(t, wss, port) {
  const connection = once(wss, 'connection');
  const { socket } = await exchange(port, upgradeRequest());

  t.after(() => socket.destroy());

  const [ws, request] = await connection;

  return { request, socket, ws };
}

/** A `WebSocketServer` on an HTTP server, and where that listens. */
async function serveOn(t, server, options) {
  const wss = new WebSocketServer({ server, ...options });

  t.after(() => {
    for (const ws of wss.clients) ws.terminate();
    server.close();
    server.closeAllConnections?.();
  });
  if (!server.listening) server.listen(0, '127.0.0.1');
  return { port: await portOf(server), wss };
}

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

  it('with a request that comes late, or in the tick of frames', async (t) => {
    const wss = serve(t);
    const socket = net.connect(await portOf(wss), '127.0.0.1');
    const connection = once(wss, 'connection');

    t.after(() => socket.destroy());
    await once(socket, 'connect');
    // The server has seen it by the time that another one is through.
    await connected(t, wss, await portOf(wss));

    const second = once(wss, 'connection');

    socket.write(`${upgradeRequest()}\x81\x82\0\0\0\0hi`, 'latin1');
    await connection;

    const [ws] = await second;
    const [data] = await once(ws, 'message');

    assert.ok(isLight(ws._socket));
    assert.strictEqual(String(data), 'hi');
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

describe('A connection is left to Node', { skip }, () => {
  const isHeavy = async (t, server, options) => {
    const { port, wss } = await serveOn(t, server, options);
    const { ws } = await connected(t, wss, port);

    return !isLight(ws._socket);
  };

  it("if somebody listens for the server's 'connection' or 'upgrade'", async (t) => {
    for (const event of ['connection', 'upgrade']) {
      const server = http.createServer();
      let count = 0;

      server.on(event, () => count++);
      assert.ok(await isHeavy(t, server), event);
      assert.strictEqual(count, 1);
    }
  });

  it('if the server is of a class of its own, or emits by itself', async (t) => {
    class Server extends http.Server {}

    assert.ok(await isHeavy(t, new Server()));

    const server = http.createServer();
    const seen = [];

    server.emit = function emit(event, ...args) {
      seen.push(event);
      return http.Server.prototype.emit.call(this, event, ...args);
    };
    assert.ok(await isHeavy(t, server));
    assert.ok(seen.includes('connection'));
  });

  it('if requests are of a class of their own', async (t) => {
    class IncomingMessage extends http.IncomingMessage {}

    assert.ok(await isHeavy(t, http.createServer({ IncomingMessage })));
  });

  it('if somebody watches all sockets', async (t) => {
    const seen = [];
    const onSocket = ({ socket }) => seen.push(socket);

    diagnostics.subscribe('net.server.socket', onSocket);
    t.after(() => diagnostics.unsubscribe('net.server.socket', onSocket));

    assert.ok(await isHeavy(t, http.createServer()));
    assert.strictEqual(seen.length, 1);
  });

  it('if the option says so, or a method of the server was replaced', async (t) => {
    assert.ok(await isHeavy(t, http.createServer(), { accept: 'node' }));

    const server = http.createServer();
    const { port, wss } = await serveOn(t, server);
    let calls = 0;

    wss.handleUpgrade = function handleUpgrade(...args) {
      calls++;
      return WebSocketServer.prototype.handleUpgrade.apply(this, args);
    };

    const { ws } = await connected(t, wss, port);

    assert.ok(!isLight(ws._socket));
    assert.strictEqual(calls, 1);
  });

  it('if it says nothing for a second, and Node then reads it', async (t) => {
    const server = http.createServer();
    const { port, wss } = await serveOn(t, server);
    const socket = net.connect(port, '127.0.0.1');

    t.after(() => socket.destroy());
    await once(socket, 'connect');

    // Nothing tells that Node has it then.
    await sleep(1500);

    const connection = once(wss, 'connection');

    socket.write(upgradeRequest());
    assert.ok(!isLight((await connection)[0]._socket));
  });

  it('if the server has as many as it may have, which Node drops', async (t) => {
    const server = http.createServer();

    server.maxConnections = 1;

    const { port, wss } = await serveOn(t, server);

    await connected(t, wss, port);

    const dropped = once(server, 'drop');
    const socket = net.connect(port, '127.0.0.1');

    socket.on('error', () => {});
    await dropped;
    await closeOf(socket);
  });
});

describe('A connection that the system can watch no more', { skip }, () => {
  it('is made by Node, be it before or behind its request', async (t) => {
    for (const name of ['acceptOpen', 'awaitRequest']) {
      const wss = serve(t);
      const port = await portOf(wss);
      const method = native[name];
      let calls = 0;

      native[name] = () => {
        calls++;
      };
      t.after(() => (native[name] = method));

      const connection = once(wss, 'connection');
      // Node hands out what is behind a request in the same tick.
      const message = new Promise((resolve) => {
        wss.once('connection', (ws) => ws.once('message', resolve));
      });
      const client = net.connect(port, '127.0.0.1');

      t.after(() => client.destroy());
      if (name === 'awaitRequest') {
        await eventually(
          () => calls > 0,
          () => 'it did not wait'
        );
      }

      client.write(`${upgradeRequest()}\x81\x82\0\0\0\0hi`, 'latin1');

      const [ws] = await connection;

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

describe('A server that accepts natively', { skip }, () => {
  it('counts its connections, and is closed with the last of them', async (t) => {
    const server = http.createServer();
    const { port, wss } = await serveOn(t, server);
    const { socket, ws } = await connected(t, wss, port);
    const count = () =>
      new Promise((resolve) => server.getConnections((_, n) => resolve(n)));
    let isClosed = false;

    assert.strictEqual(await count(), 1);
    server.close(() => {
      isClosed = true;
    });
    assert.strictEqual(ws.readyState, WebSocket.OPEN);
    assert.strictEqual(isClosed, false);
    socket.destroy();
    await closeOf(ws);
    await eventually(
      () => isClosed,
      () => 'the server is open'
    );
    assert.ok(isLight(ws._socket));
    assert.strictEqual(await count(), 0);
  });

  it('gives Node who has asked for nothing when it is closed, and counts it', async (t) => {
    const server = http.createServer();
    const { port, wss } = await serveOn(t, server);
    const socket = net.connect(port, '127.0.0.1');
    const count = () =>
      new Promise((resolve) => server.getConnections((_, n) => resolve(n)));

    t.after(() => socket.destroy());
    await once(socket, 'connect');
    // By then the server has seen it, too.
    await connected(t, wss, port);
    assert.strictEqual(await count(), 2);
    server.close();

    const connection = once(wss, 'connection');

    socket.write(upgradeRequest());

    const [ws] = await connection;

    assert.ok(!isLight(ws._socket));
    assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 101/);
    assert.strictEqual(await count(), 2);
  });

  it('answers before a listener that throws, or terminates', async () => {
    for (const ends of ['throw', 'terminate', 'exit']) {
      const { stdout } = await runProgram(
        async (how) => {
          const net = require('node:net');
          const wss = await serve();
          const port = wss.address().port;

          process.on('uncaughtException', (err) => console.log(err.message));
          wss.on('connection', (ws) => {
            if (how === 'throw') throw new Error('thrown by the listener');
            if (how === 'terminate') ws.terminate();
            if (how === 'exit') setTimeout(() => process.exit(), 100);
          });

          const socket = net.connect(port, '127.0.0.1', () => {
            socket.write(
              'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n' +
                'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
                'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
            );
          });

          socket.once('data', (chunk) => {
            console.log(String(chunk).split('\r\n')[0]);
            if (how === 'throw') process.exit();
          });
          socket.on('close', () => process.exit());
        },
        { argument: ends }
      );

      assert.match(stdout, /HTTP\/1.1 101 Switching Protocols/, ends);
      if (ends === 'throw') assert.match(stdout, /thrown by the listener/);
    }
  });

  it('has its listeners run in the async context that they have with ws', async () => {
    const program = async () => {
      const { AsyncLocalStorage } = require('node:async_hooks');
      const http = require('node:http');
      const storage = new AsyncLocalStorage();
      const server = http.createServer();
      const seen = [];

      const wss = storage.run('made', () => new WebSocketServer({ server }));

      wss.on('connection', (ws) => {
        seen.push(['connection', storage.getStore()]);
        ws.on('message', () => seen.push(['message', storage.getStore()]));
        ws.on('close', () => seen.push(['close', storage.getStore()]));
      });
      storage.run('listens', () => server.listen(0, '127.0.0.1'));
      await once(server, 'listening');

      for (let i = 0; i < 2; i++) {
        const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);

        await once(client, 'open');
        client.send('x');
        client.close();
        await once(client, 'close');
      }

      server.close(() => console.log(JSON.stringify(seen)));
    };
    const ours = await evaluate(program);
    const theirs = await evaluate(program, {
      env: { WS_RS_TEST_IMPLEMENTATION: 'node_modules/ws' }
    });

    assert.deepStrictEqual(ours, theirs);
  });

  it('gives no connection the store that a listener of another has entered', async () => {
    const seen = await evaluate(async () => {
      const { AsyncLocalStorage } = require('node:async_hooks');
      const storage = new AsyncLocalStorage();
      const wss = await serve();
      const seen = [];

      wss.on('connection', (ws) => {
        seen.push(storage.getStore() ?? null);
        storage.enterWith('entered');
        ws.on('message', () => seen.push(storage.getStore() ?? null));
      });

      for (let i = 0; i < 3; i++) {
        const client = new WebSocket(wss.url);

        await once(client, 'open');
        client.send('x');
        client.close();
        await once(client, 'close');
      }

      wss.close(() => console.log(JSON.stringify(seen)));
    });

    assert.deepStrictEqual(seen, [null, null, null, null, null, null]);
  });

  it('can be told by a variable not to, or to where it can be seen', async () => {
    const program = async () => {
      const http = require('node:http');
      const { isLight } = require('./lib/wire/light-socket');
      const isAccepted = [];

      for (const listens of [false, true]) {
        const server = http.createServer().listen(0, '127.0.0.1');
        const wss = new WebSocketServer({ server });

        if (listens) server.on('connection', () => {});
        await once(server, 'listening');

        const { port } = server.address();
        const client = new WebSocket(`ws://127.0.0.1:${port}`);
        const opened = once(client, 'open');
        const [ws] = await once(wss, 'connection');

        isAccepted.push(isLight(ws._socket));
        await opened;
        client.terminate();
        server.close();
      }
      console.log(isAccepted.join());
    };
    const withValue = (value) =>
      runProgram(program, { env: { WS_RS_ACCEPT: value } });

    assert.match((await withValue('node')).stdout, /^false,false/);
    assert.match((await withValue('native')).stdout, /^true,false/);
    assert.match((await withValue('')).stdout, /^true,false/);
    assert.match((await withValue('forced')).stdout, /^true,true/);
    assert.match(
      (await withValue('light')).stderr,
      /WS_RS_ACCEPT is "light"; set it to "native" or "node", or unset it/
    );
  });
});

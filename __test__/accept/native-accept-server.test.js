'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');

const WebSocket = require('../../lib/api/websocket');
const WebSocketServer = require('../../lib/api/websocket-server');
const { isAvailable } = require('../../lib/wire/promotion');
const { isLight, kLight } = require('../../lib/wire/materialize');
const { connected, serveOn } = require('../support/accepted');
const { closeOf } = require('../support/pairs');
const { eventually } = require('../support/patience');
const { evaluate, runProgram } = require('../support/programs');
const { portOf, upgradeRequest } = require('../support/raw-http');
const { serve } = require('../support/servers');

const skip = isAvailable ? false : 'there is no native wire to accept with';

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

  it('gives Node who has asked for nothing when it is closed, and counts it unless Node closes it', async (t) => {
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

    const closed = once(socket, 'close');

    server.close();

    // It counts as idle there, and those are closed with the server.
    if (parseInt(process.versions.node) >= 26) {
      socket.resume();
      await closed;
      assert.strictEqual(await count(), 1);
      return;
    }

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

  it('serves the connections of a class that gives the same one again', async (t) => {
    let only = null;

    class Same extends WebSocket {
      constructor(...args) {
        if (only !== null) return only;
        super(...args);
        only = this;
      }
    }

    const wss = serve(t, { WebSocket: Same });
    const port = await portOf(wss);
    const echo = (data) => only.send(`${data} again`);

    wss.once('connection', (ws) => ws.on('message', echo));
    for (const text of ['one', 'two']) {
      const client = new WebSocket(`ws://127.0.0.1:${port}`);

      t.after(() => client.terminate());
      client.on('open', () => client.send(text));

      const [data] = await once(client, 'message');

      assert.strictEqual(String(data), `${text} again`);
    }
  });

  it('has its listeners run in the async context that they have with ws', async () => {
    const program = async () => {
      const { AsyncLocalStorage } = require('node:async_hooks');
      const http = require('node:http');
      const storage = new AsyncLocalStorage();
      const server = http.createServer();
      const seen = [];
      let closed = 0;

      const wss = storage.run('made', () => new WebSocketServer({ server }));

      wss.on('connection', (ws) => {
        seen.push(['connection', storage.getStore()]);
        ws.on('message', () => seen.push(['message', storage.getStore()]));
        ws.on('close', () => {
          seen.push(['close', storage.getStore()]);
          closed++;
        });
      });
      storage.run('listens', () => server.listen(0, '127.0.0.1'));
      await once(server, 'listening');

      for (let i = 0; i < 2; i++) {
        const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);

        await once(client, 'open');
        client.send('x');
        client.close();
        await once(client, 'close');
        while (closed <= i) await new Promise(setImmediate);
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
      const { isLight } = require('./lib/wire/materialize');
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

  for (const [noDelay, isListening] of [
    [true, process.platform === 'linux'],
    [false, false]
  ]) {
    it(`sets TCP_NODELAY once or for each, if noDelay is ${noDelay}`, async (t) => {
      const server = http.createServer({ noDelay });
      const handles = await noDelayHandles(t);
      const { port, wss } = await serveOn(t, server);
      const { ws } = await connected(t, wss, port);
      const accepted = ws._socket[kLight].handle;

      assert.strictEqual(handles.includes(server._handle), isListening);
      assert.strictEqual(handles.includes(accepted), !isListening);
    });
  }
});

/** The handles that are told from now on to send without delay. */
async function noDelayHandles(t) {
  const server = net.createServer();
  const handles = [];

  server.listen(0);
  await once(server, 'listening');

  const prototype = Object.getPrototypeOf(server._handle);
  const { setNoDelay } = prototype;

  prototype.setNoDelay = function set(isOn) {
    if (isOn) handles.push(this);
    return setNoDelay.call(this, isOn);
  };
  t.after(() => {
    prototype.setNoDelay = setNoDelay;
  });
  server.close();
  return handles;
}

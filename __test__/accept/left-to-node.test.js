'use strict';

const assert = require('node:assert');
const diagnostics = require('node:diagnostics_channel');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const WebSocketServer = require('../../lib/api/websocket-server');
const { isAvailable } = require('../../lib/wire/promotion');
const { isLight } = require('../../lib/wire/materialize');
const { connected, serveOn } = require('../support/accepted');
const { closeOf } = require('../support/pairs');
const { upgradeRequest } = require('../support/raw-http');

const skip = isAvailable ? false : 'there is no native wire to accept with';

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

  it('if async-listener wraps what handles call', async (t) => {
    process.addAsyncListener = () => {};
    t.after(() => delete process.addAsyncListener);

    assert.ok(await isHeavy(t, http.createServer()));
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

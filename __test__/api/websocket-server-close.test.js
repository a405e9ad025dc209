'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { describe, it } = require('node:test');

const WebSocket = require('../../lib/api/websocket');
const WebSocketServer = require('../../lib/api/websocket-server');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');
const { leave, serve, serveHttp, upgradeWith } = require('../support/servers');

describe('close', () => {
  /** What happened, in order, while a server with one client closes. */
  async function record(wss, answer) {
    const [ws] = wss.clients;
    const events = [];

    ws.on('close', () => events.push('client'));
    wss.on('close', () => events.push('server'));

    const called = new Promise((resolve) => wss.close(resolve));

    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepStrictEqual(events, [], 'closed too early');
    await leave(ws, answer);
    assert.strictEqual(await called, undefined);
    return events;
  }

  it('waits for its own HTTP server, and so for the clients', async (t) => {
    const wss = serve(t);
    const connected = once(wss, 'connection');
    const answer = await exchange(await portOf(wss), upgradeRequest());
    const server = wss._server;

    await connected;

    // The HTTP server goes by the socket, which closes before the WebSocket.
    const events = await record(wss, answer);

    assert.deepStrictEqual(events.sort(), ['client', 'server']);
    assert.strictEqual(server.listening, false);
    assert.strictEqual(wss._server, null);
  });

  it('waits for the clients of an external server', async (t) => {
    const server = serveHttp(t);
    const wss = new WebSocketServer({ server });
    const connected = once(wss, 'connection');
    const answer = await exchange(await portOf(server), upgradeRequest());

    await connected;
    assert.deepStrictEqual(await record(wss, answer), ['client', 'server']);
    assert.strictEqual(server.listening, true);
    assert.strictEqual(server.listenerCount('upgrade'), 0);
    assert.strictEqual(server.listenerCount('error'), 0);
  });

  it('waits for the clients with noServer', async (t) => {
    const server = serveHttp(t);
    const wss = new WebSocketServer({ noServer: true });
    const connected = new Promise((resolve) => {
      upgradeWith(wss, server, resolve);
    });
    const answer = await exchange(await portOf(server), upgradeRequest());

    await connected;
    assert.deepStrictEqual(await record(wss, answer), ['client', 'server']);
  });

  it('closes in the next tick if there is nobody to wait for', async () => {
    for (const options of [
      { noServer: true },
      { clientTracking: false, noServer: true },
      { server: http.createServer() }
    ]) {
      const wss = new WebSocketServer(options);
      let closed = false;

      wss.close((error) => {
        assert.strictEqual(error, undefined);
        closed = true;
      });
      assert.strictEqual(closed, false);
      await new Promise(process.nextTick);
      assert.strictEqual(closed, true);
    }
  });

  it('waits for the last of several clients', async (t) => {
    const server = serveHttp(t);
    const wss = new WebSocketServer({ server });
    const port = await portOf(server);
    const clients = [];

    for (let i = 0; i < 2; i++) {
      const connected = once(wss, 'connection');
      const answer = await exchange(port, upgradeRequest());

      clients.push({ answer, ws: (await connected)[0] });
    }

    const closed = new Promise((resolve) => wss.close(resolve));
    let isClosed = false;

    wss.on('close', () => (isClosed = true));
    await leave(clients[0].ws, clients[0].answer);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.strictEqual(isClosed, false);

    await leave(clients[1].ws, clients[1].answer);
    await closed;
  });

  it('does not wait for clients that are not tracked', async (t) => {
    const server = serveHttp(t);
    const wss = new WebSocketServer({ clientTracking: false, server });
    const connected = once(wss, 'connection');
    const answer = await exchange(await portOf(server), upgradeRequest());
    const [ws] = await connected;

    await new Promise((resolve) => wss.close(resolve));
    assert.strictEqual(ws.readyState, WebSocket.OPEN);
    await leave(ws, answer);
  });

  it('calls the callback of each call while it closes', async () => {
    for (const options of [{ noServer: true }, { port: 0 }]) {
      const wss = new WebSocketServer(options);
      const results = [];

      if (!options.noServer) await portOf(wss);

      wss.close((error) => results.push(error));
      wss.close((error) => results.push(error));
      await once(wss, 'close');
      assert.deepStrictEqual(results, [undefined, undefined]);
    }
  });

  it('gives the callback an error if it was closed before', async () => {
    const wss = new WebSocketServer({ noServer: true });

    await new Promise((resolve) => wss.close(resolve));

    const error = await new Promise((resolve) => wss.close(resolve));

    assert.ok(error instanceof Error);
    assert.strictEqual(error.message, 'The server is not running');
  });

  it('makes upgrades fail with 503', async (t) => {
    const server = serveHttp(t);
    const wss = new WebSocketServer({ noServer: true });

    upgradeWith(wss, server, () => assert.fail('The server is closed'));
    wss.close();

    const answer = await exchange(await portOf(server), upgradeRequest());

    assert.strictEqual(answer.status, '503 Service Unavailable');
  });
});

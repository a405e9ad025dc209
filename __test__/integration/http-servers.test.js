'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const express = require('express');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { text } = require('node:stream/consumers');
const { describe, it } = require('node:test');

const { WebSocket, WebSocketServer } = require('../..');
const { closeOf } = require('../support/pairs');
const { portOf } = require('../support/raw-http');
const { noUnix } = require('../support/wires');

/** Stops a server and its connections after the test. */
function stopAfter(t, server, ...servers) {
  t.after(() => {
    for (const wss of servers) {
      for (const ws of wss.clients) ws.terminate();
    }
    server.close();
    server.closeAllConnections();
  });
}

function echo(wss) {
  wss.on('connection', (ws, request) => {
    ws.on('message', (data) => ws.send(`${request.url} ${data}`));
  });
  return wss;
}

async function get(options) {
  const [response] = await once(http.get(options), 'response');

  return { body: await text(response), status: response.statusCode };
}

async function ask(ws, question) {
  ws.send(question);
  return String((await once(ws, 'message'))[0]);
}

describe('An Express app', () => {
  it('answers requests, and WebSockets share its server', async (t) => {
    const app = express();

    app.use((req, res, next) => {
      res.set('X-App', 'yes');
      next();
    });
    app.get('/page', (req, res) => res.send('a page'));

    const server = app.listen(0, '127.0.0.1');
    const wss = echo(new WebSocketServer({ path: '/chat', server }));

    stopAfter(t, server, wss);

    const port = await portOf(server);
    const host = '127.0.0.1';
    const ws = new WebSocket(`ws://${host}:${port}/chat`);

    await once(ws, 'open');
    assert.deepStrictEqual(await get({ host, path: '/page', port }), {
      body: 'a page',
      status: 200
    });
    assert.strictEqual(await ask(ws, 'hi'), '/chat hi');
    assert.strictEqual((await get({ host, path: '/x', port })).status, 404);
    ws.close();
    await closeOf(ws);

    // The app does not answer upgrades.
    const other = new WebSocket(`ws://${host}:${port}/page`);

    await assert.rejects(once(other, 'open'), {
      message: 'Unexpected server response: 400'
    });
  });
});

describe('Two servers in noServer mode', () => {
  it('share an HTTP server by path', async (t) => {
    const server = http.createServer();
    const a = echo(new WebSocketServer({ noServer: true }));
    const b = echo(
      new WebSocketServer({ noServer: true, perMessageDeflate: true })
    );

    server.on('upgrade', (request, socket, head) => {
      const wss = { '/a': a, '/b': b }[request.url];

      if (wss === undefined) {
        socket.destroy();
        return;
      }
      wss.handleUpgrade(request, socket, head, (ws) => {
        wss.emit('connection', ws, request);
      });
    });
    server.listen(0, '127.0.0.1');
    stopAfter(t, server, a, b);

    const url = `ws://127.0.0.1:${await portOf(server)}`;
    const [toA, toB] = [new WebSocket(`${url}/a`), new WebSocket(`${url}/b`)];

    await Promise.all([once(toA, 'open'), once(toB, 'open')]);
    assert.deepStrictEqual(await Promise.all([ask(toA, '1'), ask(toB, '2')]), [
      '/a 1',
      '/b 2'
    ]);
    assert.deepStrictEqual([a.clients.size, b.clients.size], [1, 1]);
    assert.strictEqual(toA.extensions, '');
    assert.strictEqual(toB.extensions, 'permessage-deflate');

    const toNone = new WebSocket(`${url}/c`);

    await assert.rejects(once(toNone, 'open'), { code: 'ECONNRESET' });
  });
});

describe('ws+unix:', { skip: noUnix }, () => {
  it('connects to a server at a socket in the file system', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-'));
    const file = path.join(folder, 'server.sock');
    const server = http.createServer();
    const wss = echo(new WebSocketServer({ server }));

    t.after(() => fs.rmSync(folder, { recursive: true }));
    stopAfter(t, server, wss);
    server.listen(file);
    await once(server, 'listening');

    const ws = new WebSocket(`ws+unix:${file}:/path?a=b:c`);

    await once(ws, 'open');
    assert.strictEqual(await ask(ws, 'hi'), '/path?a=b:c hi');

    const large = 'x'.repeat(1 << 20);

    assert.strictEqual(await ask(ws, large), `/path?a=b:c ${large}`);
    ws.close(1000, 'bye');
    assert.deepStrictEqual(await closeOf(ws), [1000, Buffer.from('bye')]);
  });
});

describe('An agent that keeps connections', () => {
  it('gives one to a WebSocket, for good', async (t) => {
    const server = http.createServer((req, res) => res.end('ok'));
    const wss = echo(new WebSocketServer({ server }));
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

    stopAfter(t, server, wss);
    t.after(() => agent.destroy());
    server.listen(0, '127.0.0.1');

    const port = await portOf(server);
    const request = http.get({ agent, host: '127.0.0.1', port });
    const [response] = await once(request, 'response');
    const { localPort } = request.socket;
    const freed = once(agent, 'free');

    await text(response);
    await freed;

    const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { agent });

    await once(ws, 'open');
    assert.strictEqual(ws._socket.localPort, localPort);
    assert.strictEqual(await ask(ws, 'hi'), '/ hi');

    // What is left of HTTP on the socket does not disturb.
    assert.strictEqual(ws._socket.listenerCount('timeout'), 0);
    ws.close(1000);
    assert.strictEqual((await closeOf(ws))[0], 1000);

    // The agent opens another connection for the next request.
    const next = http.get({ agent, host: '127.0.0.1', port });
    const [answer] = await once(next, 'response');

    assert.notStrictEqual(next.socket.localPort, localPort);
    assert.strictEqual(await text(answer), 'ok');
  });
});

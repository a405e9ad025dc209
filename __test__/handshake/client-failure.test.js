'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { Duplex } = require('node:stream');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { FakeWebSocket, closed, startServer } = require('../client-fixtures');
const {
  abortHandshake,
  emitErrorAndClose
} = require('../../lib/handshake/client-failure');

describe('abortHandshake', () => {
  it('destroys a socket and closes when that has closed', async () => {
    const websocket = new FakeWebSocket();
    const socket = new Duplex({
      destroy: (err, callback) => setTimeout(callback, 10, err)
    });

    socket.on('close', () => websocket.log.push('socket closed'));
    abortHandshake(websocket, socket, 'no');
    assert.strictEqual(websocket._readyState, 2);
    assert.deepStrictEqual(websocket.log, []);

    await closed(websocket);
    assert.deepStrictEqual(websocket.log, ['error', 'socket closed', 'close']);
    assert.strictEqual(websocket.error.message, 'no');
    assert.strictEqual(websocket._errorEmitted, true);
  });

  it('emits the error first even if the socket closes at once', async () => {
    const websocket = new FakeWebSocket();

    abortHandshake(websocket, new Duplex(), 'no');
    await closed(websocket);
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });

  it('survives a socket that fails while it is destroyed', async () => {
    const websocket = new FakeWebSocket();
    const socket = new Duplex({
      destroy: (err, callback) => callback(new Error('late'))
    });

    abortHandshake(websocket, socket, 'no');
    await closed(websocket);
    assert.strictEqual(websocket.error.message, 'no');
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });

  it('tells whoever listens to the socket first, and why', async () => {
    const websocket = new FakeWebSocket();
    const socket = new Duplex();

    socket.on('error', (err) => {
      websocket.log.push(`socket: ${err.message}`);
    });
    abortHandshake(websocket, socket, 'no');
    await closed(websocket);
    assert.deepStrictEqual(websocket.log, ['socket: no', 'error', 'close']);
    assert.strictEqual(socket.errored, websocket.error);
  });

  it('emits the error if the socket was being destroyed', async () => {
    const websocket = new FakeWebSocket();

    abortHandshake(websocket, new Duplex().destroy(), 'no');
    await closed(websocket);
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });

  it("destroys a request's socket once", async () => {
    const websocket = new FakeWebSocket();
    const calls = [];
    const socket = {
      destroyed: false,
      destroy() {
        this.destroyed = true;
        calls.push('socket');
      }
    };
    const request = {
      socket,
      destroy() {
        calls.push('request');
        socket.destroy();
      },
      setHeader() {}
    };

    abortHandshake(websocket, request, 'no');
    await closed(websocket);
    assert.deepStrictEqual(calls, ['request', 'socket']);
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });

  it('frees the connection of a request that was answered', async (t) => {
    const server = await startServer(t, (req, socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    );
    const agent = new http.Agent({ keepAlive: true });
    const websocket = new FakeWebSocket();
    const request = http.get(server.url.replace('ws', 'http'), {
      agent,
      headers: { Connection: 'Upgrade', Upgrade: 'websocket' }
    });
    const [res] = await once(request, 'response');

    t.after(() => agent.destroy());
    res.resume();
    await once(request, 'close');
    assert.strictEqual(request.socket.destroyed, false);

    abortHandshake(websocket, request, 'no');
    assert.strictEqual(request.socket.destroyed, true);
    await closed(websocket);
  });

  it('gives a request up that has no socket yet', async () => {
    const websocket = new FakeWebSocket();
    const agent = new http.Agent();

    agent.addRequest = () => {};

    const request = http.request('http://localhost', { agent });

    abortHandshake(websocket, request, 'no');
    assert.strictEqual(request.destroyed, true);
    await closed(websocket);
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });

  it('leaves its own frame out of the stack of the error', async () => {
    const websocket = new FakeWebSocket();

    abortHandshake(websocket, new Duplex(), 'no');
    await closed(websocket);
    assert.match(websocket.error.stack, /client-failure\.test\.js/);
    assert.doesNotMatch(websocket.error.stack, /lib.client-failure\.js/);
  });
});

describe('emitErrorAndClose', () => {
  it('emits both at once, the error in state CLOSING', () => {
    const websocket = new FakeWebSocket();
    const err = new Error('no');
    let state;

    websocket.on('error', () => (state = websocket._readyState));
    emitErrorAndClose(websocket, err);

    assert.strictEqual(state, 2);
    assert.strictEqual(websocket.error, err);
    assert.strictEqual(websocket._errorEmitted, true);
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });
});

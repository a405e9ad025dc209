'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { Duplex, PassThrough } = require('node:stream');
const { describe, it } = require('node:test');

const WebSocket = require('../../lib/api/websocket');
const WebSocketServer = require('../../lib/api/websocket-server');
const {
  ACCEPT,
  exchange,
  KEY,
  portOf,
  upgradeRequest
} = require('../support/raw-http');
const { leave, serve, serveHttp, upgradeWith } = require('../support/servers');

describe('An opening handshake', () => {
  it('is answered as in RFC 6455, section 4.2.2', async (t) => {
    const wss = serve(t);
    const connected = once(wss, 'connection');
    const answer = await exchange(await portOf(wss), upgradeRequest());
    const [ws, request] = await connected;

    assert.strictEqual(answer.status, '101 Switching Protocols');
    assert.deepStrictEqual(answer.headers, {
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-accept': ACCEPT
    });
    assert.ok(ws instanceof WebSocket);
    assert.strictEqual(ws.readyState, WebSocket.OPEN);
    assert.ok(request instanceof http.IncomingMessage);
    await leave(ws, answer);
  });

  it('is refused if it is wrong', async (t) => {
    const wss = serve(t, { path: '/chat', perMessageDeflate: true });
    const port = await portOf(wss);
    const at = 'GET /chat';
    const cases = [
      [
        upgradeRequest({}, 'POST /chat'),
        '405 Method Not Allowed',
        'Invalid HTTP method'
      ],
      [
        upgradeRequest({ Upgrade: 'h2c' }, at),
        '400 Bad Request',
        'Invalid Upgrade header'
      ],
      [
        upgradeRequest({ 'Sec-WebSocket-Key': null }, at),
        '400 Bad Request',
        'Missing or invalid Sec-WebSocket-Key header'
      ],
      [
        upgradeRequest({ 'Sec-WebSocket-Version': 7 }, at),
        '400 Bad Request',
        'Missing or invalid Sec-WebSocket-Version header',
        { 'sec-websocket-version': '13, 8' }
      ],
      [upgradeRequest({}, 'GET /other'), '400 Bad Request', 'Bad Request'],
      [
        upgradeRequest({ 'Sec-WebSocket-Protocol': 'a,a' }, at),
        '400 Bad Request',
        'Invalid Sec-WebSocket-Protocol header'
      ],
      [
        upgradeRequest(
          { 'Sec-WebSocket-Extensions': 'permessage-deflate; a' },
          at
        ),
        '400 Bad Request',
        'Invalid or unacceptable Sec-WebSocket-Extensions header'
      ]
    ];

    wss.on('connection', () => assert.fail('A wrong handshake was accepted'));

    for (const [bytes, status, body, headers] of cases) {
      const answer = await exchange(port, bytes);

      assert.strictEqual(answer.status, status);
      assert.deepStrictEqual(answer.headers, {
        connection: 'close',
        'content-type': 'text/html',
        'content-length': String(body.length),
        ...headers
      });
      assert.strictEqual(answer.body, body);
    }
  });

  it('is refused for good, even if the client never hangs up', async (t) => {
    const server = serveHttp(t);
    const connected = once(server, 'connection');

    new WebSocketServer({ server, verifyClient: () => false });

    const port = await portOf(server);
    const host = '127.0.0.1';
    const client = net.connect({ allowHalfOpen: true, host, port });

    client.resume().write(upgradeRequest());

    const [socket] = await connected;

    await once(socket, 'close');
    client.destroy();
  });

  it('survives a client that resets the connection meanwhile', async (t) => {
    const wss = serve(t, {
      verifyClient: ({ req }, callback) => {
        req.socket.once('close', () => {
          callback(true);
          wss.emit('verified');
        });
        // When the server reads again: Wine takes a reset before that for an end.
        setImmediate(() => client.resetAndDestroy());
      }
    });
    const verified = once(wss, 'verified');
    const client = net.connect(await portOf(wss), '127.0.0.1');

    wss.on('connection', () => assert.fail('The client is gone'));
    client.write(upgradeRequest());
    await verified;
    assert.strictEqual(wss.clients.size, 0);
  });
});

describe('handleUpgrade', () => {
  it('upgrades a request of any HTTP server with noServer', async (t) => {
    const server = serveHttp(t);
    const wss = new WebSocketServer({ noServer: true });
    const connected = new Promise((resolve) => {
      upgradeWith(wss, server, (...args) => resolve(args));
    });

    wss.on('connection', () => assert.fail('The program has to emit this'));

    const answer = await exchange(await portOf(server), upgradeRequest());
    const [ws, request] = await connected;

    assert.ok(ws instanceof WebSocket);
    assert.ok(request instanceof http.IncomingMessage);
    assert.strictEqual(wss.clients.has(ws), true);
    await leave(ws, answer);
  });

  it('gives a completeUpgrade() of the program a set of subprotocols of its own', async (t) => {
    const wss = serve(t);
    const port = await portOf(wss);
    const { completeUpgrade } = wss;
    const sets = [];

    wss.completeUpgrade = (extensions, key, protocols, ...others) => {
      sets.push(protocols);
      completeUpgrade.call(wss, extensions, key, protocols, ...others);
    };

    for (let i = 0; i < 2; i++) {
      const connected = once(wss, 'connection');
      const answer = await exchange(port, upgradeRequest());
      const [ws] = await connected;

      await leave(ws, answer);
    }

    assert.deepStrictEqual(sets, [new Set(), new Set()]);
    assert.notStrictEqual(sets[0], sets[1]);
  });

  it('leaves no listener of its own on the socket', async (t) => {
    const server = serveHttp(t);
    const counts = [];

    class Recorder extends WebSocket {
      setSocket(socket, ...args) {
        counts.push(socket.listenerCount('error'));
        super.setSocket(socket, ...args);
      }
    }

    const wss = new WebSocketServer({ noServer: true, WebSocket: Recorder });

    server.on('upgrade', (request, socket) => {
      counts.push(socket.listenerCount('error'));
    });

    const connected = new Promise((resolve) => {
      upgradeWith(wss, server, resolve);
    });
    const answer = await exchange(await portOf(server), upgradeRequest());

    await leave(await connected, answer);
    assert.strictEqual(counts.length, 2);
    assert.strictEqual(counts[0], counts[1]);
  });

  it('throws for a socket that was upgraded before', async (t) => {
    const server = serveHttp(t);
    const wss = new WebSocketServer({ noServer: true });
    const connected = new Promise((resolve) => {
      upgradeWith(wss, server, resolve);
    });
    const second = new Promise((resolve) => {
      server.on('upgrade', (request, socket, head) => {
        try {
          wss.handleUpgrade(request, socket, head, () => {});
        } catch (error) {
          resolve(error);
        }
      });
    });
    const answer = await exchange(await portOf(server), upgradeRequest());

    assert.strictEqual(
      (await second).message,
      'server.handleUpgrade() was called more than once with the same ' +
        'socket, possibly due to a misconfiguration'
    );
    await leave(await connected, answer);
  });

  it('does not take a mistake of the program for one of the client', () => {
    const wss = new WebSocketServer({ noServer: true });
    const request = {
      headers: {
        upgrade: 'websocket',
        'sec-websocket-key': KEY,
        'sec-websocket-version': '13'
      },
      method: 'GET'
    };

    wss.shouldHandle = () => {
      throw new RangeError('Oops');
    };
    wss.on('wsClientError', () => assert.fail('The client is innocent'));

    assert.throws(() => wss.handleUpgrade(request, new PassThrough()), {
      name: 'RangeError',
      message: 'Oops'
    });
  });
});

describe('completeUpgrade', () => {
  it('takes whatever has no size for no subprotocols', () => {
    const wss = new WebSocketServer({ noServer: true });
    const lists = [];

    wss.on('headers', (lines) => lists.push(lines));
    for (const protocols of [{}, 5, 'a', []]) {
      const socket = new Duplex({
        read() {},
        write: (chunk, encoding, done) => done()
      });

      wss.completeUpgrade(
        { other: {} },
        KEY,
        protocols,
        { headers: {}, socket: {} },
        socket,
        Buffer.alloc(0),
        (ws) => {
          assert.strictEqual(ws.protocol, '');
          assert.strictEqual(ws.extensions, '');
          ws.terminate();
        }
      );
    }
    assert.deepStrictEqual(
      lists.map(({ length }) => length),
      [4, 4, 4, 4]
    );
  });
});

describe('The headers event', () => {
  it('may add, change and remove the headers of the answer', async (t) => {
    const wss = serve(t);
    const connected = once(wss, 'connection');

    wss.on('headers', (lines, request) => {
      assert.strictEqual(lines[0], 'HTTP/1.1 101 Switching Protocols');
      lines.push(`Set-Cookie: path=${request.url}`);
    });

    const answer = await exchange(
      await portOf(wss),
      upgradeRequest({}, 'GET /a')
    );
    const [ws] = await connected;

    assert.strictEqual(answer.headers['set-cookie'], 'path=/a');
    assert.strictEqual(answer.headers['sec-websocket-accept'], ACCEPT);
    await leave(ws, answer);
  });

  it('may take all lines out of the answer', async (t) => {
    const wss = serve(t);
    const socket = net.connect(await portOf(wss), '127.0.0.1');

    wss.on('headers', (lines) => lines.splice(0));
    wss.on('connection', (ws) => ws.terminate());
    socket.write(upgradeRequest());

    const answer = await socket.setEncoding('latin1').toArray();

    assert.strictEqual(answer.join(''), '\r\n');
  });
});

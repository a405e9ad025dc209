'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { PassThrough } = require('node:stream');
const { describe, it } = require('node:test');

const WebSocket = require('../lib/websocket');
const WebSocketServer = require('../lib/websocket-server');
const {
  ACCEPT,
  exchange,
  KEY,
  portOf,
  upgradeRequest
} = require('./support/raw-http');
const { leave, serve, serveHttp, upgradeWith } = require('./support/servers');

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
        'Invalid HTTP method',
        { allow: 'GET' }
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

  it('survives a client that resets the connection meanwhile', async (t) => {
    const wss = serve(t, {
      verifyClient: ({ req }, callback) => {
        req.socket.once('close', () => {
          callback(true);
          wss.emit('verified');
        });
        client.resetAndDestroy();
      }
    });
    const verified = once(wss, 'verified');
    const client = net.connect(await portOf(wss), 'localhost');

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

describe('The wsClientError event', () => {
  it('replaces the answer to a wrong handshake', async (t) => {
    const wss = serve(t);
    const seen = [];

    wss.on('wsClientError', (error, socket, request) => {
      seen.push([error.message, Object.keys(error), request.url]);
      assert.ok(error instanceof Error);
      socket.end('HTTP/1.1 418 Teapot\r\nConnection: close\r\n\r\n');
    });

    const answer = await exchange(
      await portOf(wss),
      upgradeRequest({ 'Sec-WebSocket-Version': 7 }, 'GET /a')
    );

    assert.strictEqual(answer.status, '418 Teapot');
    assert.deepStrictEqual(seen, [
      ['Missing or invalid Sec-WebSocket-Version header', [], '/a']
    ]);
  });

  it('is not emitted for what the program itself declines', async (t) => {
    const wss = serve(t, { path: '/chat', verifyClient: () => false });
    const port = await portOf(wss);

    wss.on('wsClientError', () => assert.fail('The handshake is right'));

    const elsewhere = await exchange(port, upgradeRequest({}, 'GET /other'));
    const declined = await exchange(port, upgradeRequest({}, 'GET /chat'));

    assert.strictEqual(elsewhere.status, '400 Bad Request');
    assert.strictEqual(declined.status, '401 Unauthorized');
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
});

describe('The path option', () => {
  it('is compared with the path up to the query', () => {
    const wss = new WebSocketServer({ noServer: true, path: '/chat' });

    assert.strictEqual(wss.shouldHandle({ url: '/chat' }), true);
    assert.strictEqual(wss.shouldHandle({ url: '/chat?a=/b?c' }), true);
    assert.strictEqual(wss.shouldHandle({ url: '/chat/' }), false);
    assert.strictEqual(wss.shouldHandle({ url: '/?/chat' }), false);
  });

  it('accepts every path by default', () => {
    const wss = new WebSocketServer({ noServer: true });

    assert.strictEqual(wss.shouldHandle({ url: '/any' }), true);
  });

  it('can be replaced by overriding shouldHandle', async (t) => {
    const wss = serve(t);

    wss.shouldHandle = ({ url }) => url.startsWith('/rooms/');

    const port = await portOf(wss);
    const refused = await exchange(port, upgradeRequest());
    const connected = once(wss, 'connection');
    const answer = await exchange(port, upgradeRequest({}, 'GET /rooms/1'));
    const [ws] = await connected;

    assert.strictEqual(refused.status, '400 Bad Request');
    assert.strictEqual(answer.status, '101 Switching Protocols');
    await leave(ws, answer);
  });
});

describe('The handleProtocols option', () => {
  const OFFER = { 'Sec-WebSocket-Protocol': 'a, b' };

  async function negotiate(t, options, offer) {
    const wss = serve(t, options);
    const connected = once(wss, 'connection');
    const answer = await exchange(await portOf(wss), upgradeRequest(offer));
    const [ws] = await connected;
    const header = answer.headers['sec-websocket-protocol'];

    await leave(ws, answer);
    return [header, ws.protocol];
  }

  it('is the first subprotocol offered by default', async (t) => {
    assert.deepStrictEqual(await negotiate(t, {}, OFFER), ['a', 'a']);
  });

  it('picks the subprotocol', async (t) => {
    const handleProtocols = (protocols, request) => {
      assert.deepStrictEqual(protocols, new Set(['a', 'b']));
      assert.ok(request instanceof http.IncomingMessage);
      return 'b';
    };

    assert.deepStrictEqual(await negotiate(t, { handleProtocols }, OFFER), [
      'b',
      'b'
    ]);
  });

  it('may decline all of them', async (t) => {
    const handleProtocols = () => false;

    assert.deepStrictEqual(await negotiate(t, { handleProtocols }, OFFER), [
      undefined,
      ''
    ]);
  });

  it('is not called if the client offers none', async (t) => {
    const handleProtocols = () => assert.fail('Nothing was offered');

    assert.deepStrictEqual(await negotiate(t, { handleProtocols }, {}), [
      undefined,
      ''
    ]);
  });
});

describe('The verifyClient option', () => {
  async function ask(t, verifyClient, headers) {
    const wss = serve(t, { verifyClient });
    const answer = await exchange(await portOf(wss), upgradeRequest(headers));

    answer.socket.destroy();
    return answer;
  }

  it('is told the origin, the security and the request', async (t) => {
    let info;

    await ask(
      t,
      (given) => {
        info = given;
        return true;
      },
      { Origin: 'https://a.example' }
    );

    assert.strictEqual(info.origin, 'https://a.example');
    assert.strictEqual(info.secure, false);
    assert.ok(info.req instanceof http.IncomingMessage);
  });

  it('accepts and declines at once with one parameter', async (t) => {
    const accepted = await ask(t, (info) => Boolean(info));
    const declined = await ask(t, (info) => !info);

    assert.strictEqual(accepted.status, '101 Switching Protocols');
    assert.strictEqual(declined.status, '401 Unauthorized');
    assert.strictEqual(declined.body, 'Unauthorized');
  });

  it('accepts later with two parameters', async (t) => {
    const accepted = await ask(t, (info, callback) => {
      setImmediate(callback, true);
    });

    assert.strictEqual(accepted.status, '101 Switching Protocols');
  });

  it('declines later with 401 or what it is given', async (t) => {
    const plain = await ask(t, (info, callback) => {
      setImmediate(callback, false);
    });
    const special = await ask(t, (info, callback) => {
      callback(false, 429, 'Too many', { 'Retry-After': 60 });
    });

    assert.strictEqual(plain.status, '401 Unauthorized');
    assert.strictEqual(special.status, '429 Too Many Requests');
    assert.strictEqual(special.headers['retry-after'], '60');
    assert.strictEqual(special.body, 'Too many');
  });

  it('is answered with 503 if the server closes meanwhile', async (t) => {
    const wss = serve(t, {
      verifyClient: (info, callback) => {
        wss.close();
        callback(true);
      }
    });
    const answer = await exchange(await portOf(wss), upgradeRequest());

    assert.strictEqual(answer.status, '503 Service Unavailable');
    assert.strictEqual(answer.body, 'Service Unavailable');
  });
});

'use strict';

const assert = require('node:assert');
const http = require('node:http');
const net = require('node:net');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const PerMessageDeflate = require('../../lib/compression/permessage-deflate');
const {
  accept,
  closed,
  open,
  respond,
  startServer
} = require('../client-fixtures');
const { abortHandshake } = require('../../lib/handshake/client-failure');

describe('connect', () => {
  it('refuses a subprotocol that is no token or is there twice', () => {
    const hole = new Array(1).concat('a');

    for (const protocols of [[null], [''], ['a,b'], ['ä'], ['a', 'a'], hole]) {
      assert.throws(() => open('ws://localhost', {}, protocols), {
        name: 'SyntaxError',
        message: 'An invalid or duplicated subprotocol was specified'
      });
    }
  });

  it('refuses an unknown protocol version', () => {
    assert.throws(() => open('ws://localhost', { protocolVersion: 1000 }), {
      name: 'RangeError',
      message: 'Unsupported protocol version: 1000 (supported versions: 8, 13)'
    });
  });

  it('throws if the address is invalid', () => {
    assert.throws(() => open('foo', {}), {
      name: 'SyntaxError',
      message: 'Invalid URL: foo'
    });
  });

  it('says what is wrong with the address before it looks at subprotocols', () => {
    assert.throws(() => open('ftp://localhost', {}, ['a', 'a']), {
      name: 'SyntaxError',
      message: /protocol must be one of/
    });
    assert.throws(() => open('ws://localhost/#x', {}, ['a', 'a']), {
      message: 'The URL contains a fragment identifier'
    });
  });

  it('sets up the WebSocket from the options', () => {
    const agent = new http.Agent();

    agent.addRequest = () => {};

    const plain = open('http://localhost', { agent });
    const other = open('ws://localhost', {
      agent,
      autoPong: false,
      closeTimeout: 5,
      maxPendingAutoPongs: '7'
    });

    assert.strictEqual(plain._url, 'ws://localhost/');
    assert.strictEqual(plain._autoPong, true);
    assert.strictEqual(plain._closeTimeout, 30000);
    assert.strictEqual(plain._maxPendingAutoPongs, 60);
    assert.strictEqual(other._autoPong, false);
    assert.strictEqual(other._closeTimeout, 5);
    assert.strictEqual(other._maxPendingAutoPongs, 7);
  });
});

describe('The response of the handshake', () => {
  it('hands the socket and the limits to the WebSocket', async (t) => {
    const generateMask = () => {};
    const server = await startServer(t, (req, socket) => {
      accept(req, socket);
      socket.write(Buffer.from([0x81, 0x01, 0x61]));
    });
    const websocket = open(server.url, { generateMask });

    websocket.on('upgrade', (res) => {
      assert.ok(res instanceof http.IncomingMessage);
      websocket.log.push(`upgrade in state ${websocket._readyState}`);
    });
    await once(websocket, 'open');

    const { head, options, socket } = websocket.opened;

    assert.ok(socket instanceof net.Socket);
    assert.ok(Buffer.isBuffer(head));
    assert.deepStrictEqual(options, {
      allowSynchronousEvents: true,
      generateMask,
      maxBufferedChunks: 262144,
      maxFragments: 16384,
      maxPayload: 104857600,
      skipUTF8Validation: false
    });
    assert.deepStrictEqual(websocket.log, ['upgrade in state 0', 'open']);
    assert.strictEqual(websocket._req, null);
    assert.strictEqual(websocket._protocol, '');
    assert.deepStrictEqual(websocket._extensions, {});
  });

  it('selects the subprotocol and the extension', async (t) => {
    const server = await startServer(t, (req, socket) =>
      accept(
        req,
        socket,
        'Sec-WebSocket-Protocol: b',
        'Sec-WebSocket-Extensions: permessage-deflate'
      )
    );
    const websocket = open(server.url, { maxPayload: 10 }, ['a', 'b']);

    await once(websocket, 'open');

    const perMessageDeflate =
      websocket._extensions[PerMessageDeflate.extensionName];

    assert.strictEqual(websocket._protocol, 'b');
    assert.ok(perMessageDeflate instanceof PerMessageDeflate);
    assert.strictEqual(perMessageDeflate._maxPayload, 10);
    assert.strictEqual(websocket.opened.options.maxPayload, 10);
  });

  it('has the subprotocol if only the extension is wrong', async (t) => {
    const server = await startServer(t, (req, socket) =>
      accept(
        req,
        socket,
        'Sec-WebSocket-Protocol: b',
        'Sec-WebSocket-Extensions: foo'
      )
    );
    const websocket = open(server.url, {}, ['b']);

    await closed(websocket);
    assert.strictEqual(
      websocket.error.message,
      'Server indicated an extension that was not requested'
    );
    assert.strictEqual(websocket._protocol, 'b');
  });

  it('closes the connection if it is not a valid one', async (t) => {
    let serverSocket;
    const server = await startServer(t, (req, socket) => {
      serverSocket = socket;
      respond(
        socket,
        '101 Switching Protocols',
        'Connection: Upgrade',
        'Upgrade: foo'
      );
    });
    const websocket = open(server.url, {});

    await closed(websocket);
    assert.strictEqual(websocket.error.message, 'Invalid Upgrade header');
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
    assert.strictEqual(websocket._errorEmitted, true);
    serverSocket.resume();
    await once(serverSocket, 'end');
  });

  it('is an error if it is not 101', async (t) => {
    const server = await startServer(t, (req, socket) =>
      respond(socket, '401 Unauthorized', 'Content-Length: 0')
    );
    const websocket = open(server.url, {});

    await closed(websocket);
    assert.strictEqual(
      websocket.error.message,
      'Unexpected server response: 401'
    );
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });

  it('is left to a listener for unexpected responses', async (t) => {
    const server = await startServer(t, (req, socket) =>
      socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nfoo')
    );
    const websocket = open(server.url, {});
    const request = websocket._req;
    const requestClosed = once(request, 'close');
    const [req, res] = await once(websocket, 'unexpected-response');

    assert.strictEqual(req, request);
    assert.strictEqual(res.statusCode, 502);
    assert.strictEqual(String(await res.toArray()), 'foo');
    await requestClosed;
    assert.deepStrictEqual(websocket.log, []);
  });
});

describe('A handshake that fails', () => {
  it('passes the error of the request on', async (t) => {
    const server = await startServer(t, (req, socket) => socket.destroy());
    const websocket = open(server.url, {});

    await closed(websocket);
    assert.strictEqual(websocket.error.message, 'socket hang up');
    assert.strictEqual(websocket.error.code, 'ECONNRESET');
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
    assert.strictEqual(websocket._req, null);
  });

  it('does so after `handshakeTimeout` milliseconds', async (t) => {
    const server = await startServer(t, () => {});
    const start = Date.now();
    const websocket = open(server.url, { handshakeTimeout: 50 });

    await closed(websocket);
    assert.strictEqual(
      websocket.error.message,
      'Opening handshake has timed out'
    );
    assert.ok(Date.now() - start >= 45);
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });

  it('emits nothing in the tick in which it is aborted', async (t) => {
    const server = await startServer(t, accept);
    const websocket = open(server.url, {});

    abortHandshake(websocket, websocket._req, 'enough');
    assert.strictEqual(websocket._readyState, 2);
    assert.deepStrictEqual(websocket.log, []);

    await closed(websocket);
    assert.strictEqual(websocket.error.message, 'enough');
    // The request's own 'socket hang up' must not follow.
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });

  it('does not open if it is aborted in an upgrade listener', async (t) => {
    const server = await startServer(t, accept);
    const websocket = open(server.url, {});

    websocket.on('upgrade', () =>
      abortHandshake(websocket, websocket._req, 'enough')
    );
    await closed(websocket);
    assert.strictEqual(websocket.error.message, 'enough');
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });

  it('ignores an answer that comes after it was aborted', async (t) => {
    const server = await startServer(t, accept);
    const websocket = open(server.url, {});
    const request = websocket._req;
    const socket = new net.Socket();

    for (const event of ['upgrade', 'unexpected-response', 'redirect']) {
      websocket.on(event, () => websocket.log.push(event));
    }

    abortHandshake(websocket, request, 'enough');
    request.emit('response', { statusCode: 401, headers: {} });
    request.emit('upgrade', { headers: {} }, socket, Buffer.alloc(0));
    await closed(websocket);
    assert.strictEqual(socket.destroyed, true);
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });
});

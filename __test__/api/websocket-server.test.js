'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { describe, it } = require('node:test');

const WebSocket = require('../../lib/api/websocket');
const WebSocketServer = require('../../lib/api/websocket-server');
const { noUndici } = require('../support/machine');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');
const { leave, serve, serveHttp } = require('../support/servers');

describe('new WebSocketServer', () => {
  it('throws unless exactly one of port, server and noServer is given', () => {
    const server = http.createServer();
    const error = {
      name: 'TypeError',
      message:
        'One and only one of the "port", "server", or "noServer" options ' +
        'must be specified'
    };

    for (const options of [
      undefined,
      {},
      { port: null },
      { noServer: false },
      { port: 0, server },
      { port: 0, noServer: true },
      { noServer: true, server }
    ]) {
      assert.throws(() => new WebSocketServer(options), error);
    }

    assert.strictEqual(server.listenerCount('upgrade'), 0);
  });

  it('calls the callback when its own server listens', async (t) => {
    const address = await new Promise((resolve) => {
      const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () =>
        resolve(wss.address())
      );

      t.after(() => wss.close());
    });

    assert.ok(address.port > 0);
  });

  it('calls the callback before it emits the listening event', async (t) => {
    const log = [];
    const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () =>
      log.push('callback')
    );

    t.after(() => wss.close());
    wss.on('listening', () => log.push('listening'));
    await once(wss, 'listening');

    assert.deepStrictEqual(log, ['callback', 'listening']);
  });

  it('emits the listening and error events of an HTTP server', async (t) => {
    const server = http.createServer();
    const wss = new WebSocketServer({ server });

    t.after(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(wss, 'listening');

    const second = new WebSocketServer({
      host: '127.0.0.1',
      port: server.address().port
    });
    const [error] = await once(second, 'error');

    assert.strictEqual(error.code, 'EADDRINUSE');
  });

  it('emits those and connections by the emit() that it was made with', async (t) => {
    const server = http.createServer();
    const wss = new WebSocketServer({ server });
    const { emit } = wss;
    const seen = [];

    t.after(() => server.close());
    wss.emit = function (name, ...args) {
      seen.push(name);
      return emit.call(this, name, ...args);
    };
    server.listen(0, '127.0.0.1');
    await once(wss, 'listening');

    const connected = once(wss, 'connection');
    const errored = once(wss, 'error');
    const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
    const [ws] = await connected;

    server.emit('error', new Error('made up'));
    assert.strictEqual((await errored)[0].message, 'made up');

    client.on('error', () => {});
    ws.terminate();
    await once(ws, 'close');
    wss.close();
    await once(wss, 'close');

    assert.deepStrictEqual(seen, ['headers', 'close']);
  });

  it('answers plain requests to its own server with 426', async (t) => {
    const wss = serve(t);
    const answer = await exchange(
      await portOf(wss),
      'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
    );

    assert.strictEqual(answer.status, '426 Upgrade Required');
    assert.strictEqual(answer.headers['content-type'], 'text/plain');
    assert.strictEqual(answer.body, 'Upgrade Required');
  });

  it(
    'leaves plain requests to an external server alone',
    { skip: noUndici },
    async (t) => {
      const server = serveHttp(t);

      new WebSocketServer({ server });
      server.on('request', (request, response) => response.end('page'));

      const response = await fetch(`http://127.0.0.1:${await portOf(server)}`);

      assert.strictEqual(await response.text(), 'page');
    }
  );
});

describe('The WebSocket option', () => {
  it('gets the options of the server, and setSocket its limits', async (t) => {
    const made = [];

    class Recorder extends WebSocket {
      constructor(...args) {
        super(...args);
        made.push(args);
      }

      setSocket(socket, head, options) {
        made.push(options);
        super.setSocket(socket, head, options);
      }
    }

    const limits = {
      allowSynchronousEvents: false,
      maxBufferedChunks: 1,
      maxFragments: 2,
      maxPayload: 3,
      skipUTF8Validation: true
    };
    const wss = serve(t, {
      ...limits,
      autoPong: false,
      closeTimeout: 4,
      maxPendingAutoPongs: 5,
      WebSocket: Recorder
    });
    const connected = once(wss, 'connection');
    const answer = await exchange(await portOf(wss), upgradeRequest());
    const [ws] = await connected;
    const [[address, protocols, options], socketOptions] = made;

    assert.ok(ws instanceof Recorder);
    assert.strictEqual(WebSocket.prototype.setSocket.length, 3);
    assert.strictEqual(address, null);
    assert.strictEqual(protocols, undefined);
    assert.strictEqual(options.autoPong, false);
    assert.strictEqual(options.closeTimeout, 4);
    assert.strictEqual(options.maxPendingAutoPongs, 5);
    assert.deepStrictEqual(socketOptions, limits);
    await leave(ws, answer);
  });

  it('may be a function that has no prototype', async (t) => {
    const MyWebSocket = class extends WebSocket {};
    const make = function (...args) {
      return new MyWebSocket(...args);
    };
    const wss = serve(t, { WebSocket: make.bind() });
    const connected = once(wss, 'connection');
    const answer = await exchange(await portOf(wss), upgradeRequest());
    const [ws] = await connected;

    assert.ok(ws instanceof MyWebSocket);
    await leave(ws, answer);
  });

  it('is found out to be no class only when a client is accepted', async (t) => {
    const asked = [];
    const wss = serve(t, {
      WebSocket: {},
      verifyClient: ({ req }) => asked.push(req.url) > 1
    });

    const answer = await exchange(await portOf(wss), upgradeRequest());

    assert.strictEqual(answer.status, '401 Unauthorized');
    assert.deepStrictEqual(asked, ['/']);
  });
});

describe('clients', () => {
  it('forgets a connection before the close listeners run', async (t) => {
    const wss = serve(t);
    const connected = once(wss, 'connection');
    const answer = await exchange(await portOf(wss), upgradeRequest());
    const [ws] = await connected;

    assert.deepStrictEqual([...wss.clients], [ws]);

    const sizeOnClose = new Promise((resolve) => {
      ws.on('close', () => resolve(wss.clients.size));
    });

    await leave(ws, answer);
    assert.strictEqual(await sizeOnClose, 0);
  });

  it('is undefined without clientTracking', async (t) => {
    const wss = serve(t, { clientTracking: false });
    const connected = once(wss, 'connection');
    const answer = await exchange(await portOf(wss), upgradeRequest());
    const [ws] = await connected;

    assert.strictEqual(wss.clients, undefined);
    await leave(ws, answer);
  });
});

describe('address', () => {
  it('is the one of the HTTP server', async (t) => {
    const server = serveHttp(t);
    const wss = new WebSocketServer({ server });

    await portOf(server);
    assert.deepStrictEqual(wss.address(), server.address());
  });

  it('is null once the server is closed', () => {
    const wss = new WebSocketServer({ server: http.createServer() });

    wss.close();
    assert.strictEqual(wss.address(), null);
  });

  it('throws with noServer', () => {
    const wss = new WebSocketServer({ noServer: true });

    assert.throws(() => wss.address(), {
      name: 'Error',
      message: 'The server is operating in "noServer" mode'
    });
  });
});

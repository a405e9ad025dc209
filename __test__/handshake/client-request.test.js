'use strict';

const assert = require('node:assert');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { accept, open, startServer } = require('../client-fixtures');

/** Gives the request, and the options it was made with, without a network. */
function capture(address, options, protocols, { Agent } = http) {
  const agent = new Agent();
  let seen;

  agent.addRequest = (req, requestOptions) => {
    seen = { req, options: requestOptions };
  };
  open(address, { agent, ...options }, protocols);

  return seen;
}

function headerNames(req) {
  return req.getRawHeaderNames();
}

describe('The request of the handshake', () => {
  it('has a key of its own, past what is made ahead', () => {
    const keys = Array.from({ length: 200 }, () =>
      capture('ws://localhost').req.getHeader('sec-websocket-key')
    );

    for (const key of keys) assert.match(key, /^[\w+/]{22}==$/);
    assert.strictEqual(new Set(keys).size, keys.length);
  });

  it('is told of a user and a password only if there are some', () => {
    const { options } = capture('ws://localhost');

    assert.strictEqual(Object.hasOwn(options, 'auth'), false);
    assert.strictEqual(capture('ws://a:b@localhost').options.auth, 'a:b');
    assert.strictEqual(
      capture('ws://localhost', { auth: 'c:d' }).options.auth,
      'c:d'
    );
  });

  it('has the headers of RFC 6455 and offers permessage-deflate', () => {
    const { req } = capture('ws://localhost:8080/a?b');

    assert.strictEqual(req.method, 'GET');
    assert.strictEqual(req.path, '/a?b');
    assert.match(req.getHeader('sec-websocket-key'), /^[\w+/]{22}==$/);
    assert.strictEqual(req.getHeader('sec-websocket-version'), 13);
    assert.strictEqual(req.getHeader('connection'), 'Upgrade');
    assert.strictEqual(req.getHeader('upgrade'), 'websocket');
    assert.strictEqual(req.getHeader('host'), 'localhost:8080');
    assert.strictEqual(
      req.getHeader('sec-websocket-extensions'),
      'permessage-deflate; client_max_window_bits'
    );
    assert.deepStrictEqual(
      headerNames(req).filter((name) => /protocol|origin|auth/i.test(name)),
      []
    );
  });

  it('offers no extension if permessage-deflate is off', () => {
    const { req } = capture('ws://localhost', { perMessageDeflate: false });

    assert.strictEqual(req.hasHeader('sec-websocket-extensions'), false);
  });

  it('has a new key each time', () => {
    const keys = [1, 2].map(() =>
      capture('ws://localhost').req.getHeader('sec-websocket-key')
    );

    assert.notStrictEqual(keys[0], keys[1]);
  });

  it('names the subprotocols in order', () => {
    const { req } = capture('ws://localhost', {}, ['b', 'a']);

    assert.strictEqual(req.getHeader('sec-websocket-protocol'), 'b,a');
  });

  it('names the origin as the protocol version wants it', () => {
    const origin = 'https://example.com:8000';
    const header = (protocolVersion, name) =>
      capture('ws://localhost', { origin, protocolVersion }).req.getHeader(
        name
      );

    assert.strictEqual(header(13, 'origin'), origin);
    assert.strictEqual(header(8, 'sec-websocket-origin'), origin);
    assert.strictEqual(header(8, 'sec-websocket-version'), 8);
    assert.strictEqual(header(8, 'origin'), undefined);
  });

  it('keeps the headers of the program but for those of the handshake', () => {
    const headers = {
      Cookie: 'a=b',
      connection: 'x',
      'sec-websocket-key': 'y'
    };
    const { req } = capture('ws://localhost', { headers });

    assert.strictEqual(req.getHeader('cookie'), 'a=b');
    assert.strictEqual(req.getHeader('connection'), 'Upgrade');
    assert.notStrictEqual(req.getHeader('sec-websocket-key'), 'y');
    assert.strictEqual(headers.connection, 'x');
  });

  it('leaves default ports out of the Host header', () => {
    for (const [address, host, module] of [
      ['ws://localhost:80', 'localhost', http],
      ['ws://localhost:443', 'localhost:443', http],
      ['wss://localhost:443', 'localhost', https],
      ['wss://localhost:80', 'localhost:80', https]
    ]) {
      const { req } = capture(address, {}, [], module);

      assert.strictEqual(req.getHeader('host'), host);
    }
  });

  it('leaves out the port that the program calls the default one', () => {
    const host = (defaultPort) =>
      capture('ws://localhost:8080', { defaultPort }).req.getHeader('host');

    assert.strictEqual(host(8080), 'localhost');
    assert.strictEqual(host(0), 'localhost:8080');
  });

  it('authorizes with the `auth` option', () => {
    const { req } = capture('ws://localhost', { auth: 'user:pass' });

    assert.strictEqual(req.getHeader('authorization'), 'Basic dXNlcjpwYXNz');
  });

  it('prefers userinfo to that, and an authorization header to both', () => {
    const header = (headers) =>
      capture('ws://foo:bar@localhost', {
        auth: 'user:pass',
        headers
      }).req.getHeader('authorization');

    assert.strictEqual(header({}), 'Basic Zm9vOmJhcg==');
    assert.strictEqual(header({ AUTHORIZATION: 'Bearer x' }), 'Bearer x');
  });

  it('passes options on but for those that the address decides', () => {
    const { options, req } = capture('ws://a:1/b', {
      family: 6,
      host: 'z',
      hostname: 'z',
      method: 'POST',
      path: '/z',
      port: 9,
      protocol: 'ftp:',
      protocols: 'z',
      socketPath: '/z',
      timeout: 9
    });

    assert.strictEqual(req.method, 'GET');
    assert.strictEqual(req.path, '/b');
    assert.strictEqual(options.family, 6);
    assert.strictEqual(options.host, 'a');
    assert.strictEqual(options.port, '1');
    assert.strictEqual(options.protocols, undefined);
    assert.strictEqual(options.socketPath, undefined);
    assert.strictEqual(options.timeout, undefined);
  });

  it('goes to the socket of a ws+unix address', () => {
    const { options, req } = capture('ws+unix:/run/s:/p?q=1:2');

    assert.strictEqual(options.socketPath, '/run/s');
    assert.strictEqual(req.path, '/p?q=1:2');
    assert.strictEqual(req.getHeader('host'), 'localhost');
  });

  it('is left to `finishRequest()` to send', async (t) => {
    const server = await startServer(t, (req, socket) =>
      accept(req, socket, `X-Cookie: ${req.headers.cookie}`)
    );
    let seen;

    const websocket = open(server.url, {
      finishRequest(req, ws) {
        assert.strictEqual(req, ws._req);
        seen = ws;
        setImmediate(() => {
          req.setHeader('Cookie', 'late');
          req.end();
        });
      }
    });

    const [res] = await once(websocket, 'upgrade');

    assert.strictEqual(seen, websocket);
    assert.strictEqual(res.headers['x-cookie'], 'late');
  });
});

describe('The connection of the handshake', () => {
  it('is made by `createConnection()` if there is one', async (t) => {
    const server = await startServer(t, accept);
    let seen;

    const websocket = open('ws://example.com:22/foo', {
      createConnection(options) {
        seen = options;

        return net.connect(server.address().port, '127.0.0.1');
      }
    });

    await once(websocket, 'open');
    assert.strictEqual(seen.host, 'example.com');
    assert.strictEqual(seen.port, '22');
  });

  it('uses the `net.connect()` of the moment, without a path', (t) => {
    const { mock } = t.mock.method(net, 'connect', () => new net.Socket());

    for (const address of ['ws://localhost/path', 'ws+unix:/run/s:/path']) {
      const { options } = capture(address);

      // Not every release of Node.js drops the request's path itself.
      options.createConnection({ ...options, path: '/path' });
    }

    assert.deepStrictEqual(
      mock.calls.map((call) => call.arguments[0].path),
      [undefined, '/run/s']
    );
  });

  it('names the server to TLS, unless it is an IP address', (t) => {
    const { mock } = t.mock.method(tls, 'connect', () => new net.Socket());

    for (const [address, extra] of [
      ['wss://localhost'],
      ['wss://127.0.0.1'],
      ['wss://[::1]'],
      ['wss://localhost', { servername: '' }],
      ['wss://localhost', { servername: 'other' }],
      ['wss://localhost', { servername: null }],
      ['wss://localhost', { servername: 0 }]
    ]) {
      const { options } = capture(address, extra, [], https);

      options.createConnection({ ...options, path: '/path' });
    }

    const seen = mock.calls.map((call) => call.arguments[0]);

    assert.deepStrictEqual(
      seen.map(({ servername }) => servername),
      ['localhost', '', '', '', 'other', 'localhost', 'localhost']
    );
    assert.strictEqual(seen[0].path, undefined);
  });
});

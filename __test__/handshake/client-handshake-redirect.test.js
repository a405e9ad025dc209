'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const {
  accept,
  closed,
  open,
  respond,
  startServer
} = require('../client-fixtures');
const { abortHandshake } = require('../../lib/handshake/client-failure');

/** Connects a fake WebSocket that follows redirects. */
function follow(address, options) {
  return open(address, { followRedirects: true, ...options });
}

function redirect(socket, location) {
  respond(socket, '302 Found', `Location: ${location}`, 'Content-Length: 0');
}

/** A server that redirects `/` to a location and accepts everything else. */
function startRedirecting(t, location) {
  return startServer(t, (req, socket) => {
    if (req.url === '/') redirect(socket, location);
    else accept(req, socket);
  });
}

/** Redirects to another host; `headers()` are those of the request that came there. */
async function startTwo(t) {
  let received;
  const other = await startServer(t, (req, socket) => {
    received = req.headers;
    accept(req, socket);
  });
  const server = await startRedirecting(t, other.url);

  return { headers: () => received, other, server };
}

describe('A redirect', () => {
  it('is an unexpected response by default', async (t) => {
    const server = await startRedirecting(t, '/next');
    const websocket = follow(server.url, { followRedirects: false });

    await closed(websocket);
    assert.strictEqual(
      websocket.error.message,
      'Unexpected server response: 302'
    );
    assert.strictEqual(websocket._redirects, 0);
  });

  it('is followed to a location relative to the URL', async (t) => {
    const server = await startRedirecting(t, 'next?x');
    const websocket = follow(server.url);
    const first = websocket._req;

    websocket.on('redirect', (url, req) => {
      assert.strictEqual(url, `${server.url}/next?x`);
      assert.strictEqual(req, websocket._req);
      assert.ok(req instanceof http.ClientRequest);
      assert.notStrictEqual(req, first);
      assert.notStrictEqual(
        req.getHeader('sec-websocket-key'),
        first.getHeader('sec-websocket-key')
      );
      assert.strictEqual(req.headersSent, false);
      // A program's listeners come before ours.
      for (const event of ['error', 'response', 'upgrade']) {
        assert.strictEqual(req.listenerCount(event), 0, event);
      }
      websocket.log.push('redirect');
    });
    await once(websocket, 'open');
    assert.deepStrictEqual(websocket.log, ['redirect', 'open']);
    assert.strictEqual(websocket._redirects, 1);
    assert.strictEqual(websocket._url, `${server.url}/next?x`);
    assert.strictEqual(first.destroyed, true);
  });

  it('needs a Location', async (t) => {
    const server = await startServer(t, (req, socket) =>
      respond(socket, '300 Multiple Choices', 'Content-Length: 0')
    );
    const websocket = follow(server.url);

    await closed(websocket);
    assert.strictEqual(
      websocket.error.message,
      'Unexpected server response: 300'
    );
  });

  it('is followed `maxRedirects` times', async (t) => {
    let requests = 0;
    const server = await startServer(t, (req, socket) => {
      requests++;
      redirect(socket, '/');
    });
    const websocket = follow(server.url, { maxRedirects: 2 });

    await closed(websocket);
    assert.strictEqual(websocket.error.message, 'Maximum redirects exceeded');
    assert.strictEqual(websocket._redirects, 3);
    assert.strictEqual(requests, 3);
  });

  it('to an invalid URL is an error', async (t) => {
    for (const [location, message] of [
      ['ws://', /^Invalid URL: ws:\/\/$/],
      ['ftp://localhost', /^The URL's protocol must be one of/],
      ['/next#fragment', /^The URL contains a fragment identifier$/]
    ]) {
      const server = await startRedirecting(t, location);
      const websocket = follow(server.url);

      await closed(websocket);
      assert.ok(websocket.error instanceof SyntaxError);
      assert.match(websocket.error.message, message);
      assert.deepStrictEqual(websocket.log, ['error', 'close']);
    }
  });

  it('that the agent cannot follow is an error', async (t) => {
    const server = await startRedirecting(t, 'wss://localhost');
    const agent = new http.Agent();
    const websocket = follow(server.url, { agent });

    t.after(() => agent.destroy());
    await closed(websocket);
    assert.strictEqual(websocket.error.code, 'ERR_INVALID_PROTOCOL');
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });

  it('takes no secrets to another host', async (t) => {
    const { other, headers, server } = await startTwo(t);
    const websocket = follow(server.url, {
      auth: 'foo:bar',
      headers: { Cookie: 'a=b', Host: 'virtual', 'X-Kept': 'yes' }
    });

    assert.strictEqual(
      websocket._req.getHeader('authorization'),
      'Basic Zm9vOmJhcg=='
    );
    await once(websocket, 'open');
    assert.strictEqual(headers().authorization, undefined);
    assert.strictEqual(headers().cookie, undefined);
    assert.strictEqual(headers().host, other.url.slice('ws://'.length));
    assert.strictEqual(headers()['x-kept'], 'yes');
  });

  it('leaves the headers to a redirect listener', async (t) => {
    const { headers, server } = await startTwo(t);
    const websocket = follow(server.url, {
      auth: 'foo:bar',
      headers: { Cookie: 'a=b' }
    });

    websocket.on('redirect', (url, req) => req.removeHeader('cookie'));
    await once(websocket, 'open');
    assert.strictEqual(headers().authorization, 'Basic Zm9vOmJhcg==');
    assert.strictEqual(headers().cookie, undefined);
  });

  it('calls `finishRequest()` for each request', async (t) => {
    const server = await startRedirecting(t, '/next');
    const paths = [];
    const websocket = follow(server.url, {
      finishRequest(req) {
        paths.push(req.path);
        req.end();
      }
    });

    await once(websocket, 'open');
    assert.deepStrictEqual(paths, ['/', '/next']);
  });

  it('does not go on if it is aborted in its listener', async (t) => {
    const server = await startRedirecting(t, '/next');
    const paths = [];
    const websocket = follow(server.url, {
      finishRequest(req) {
        paths.push(req.path);
        req.end();
      }
    });

    websocket.on('redirect', (url, req) =>
      abortHandshake(websocket, req, 'enough')
    );
    await closed(websocket);
    assert.strictEqual(websocket.error.message, 'enough');
    assert.deepStrictEqual(paths, ['/']);
    assert.deepStrictEqual(websocket.log, ['error', 'close']);
  });

  it('fails if its listener aborts the request', async (t) => {
    for (const abort of ['abort', 'destroy']) {
      const server = await startRedirecting(t, '/next');
      const websocket = follow(server.url);

      websocket.on('redirect', (url, req) => req[abort]());
      await closed(websocket);
      assert.strictEqual(websocket.error.message, 'socket hang up');
      assert.deepStrictEqual(websocket.log, ['error', 'close']);
    }
  });
});

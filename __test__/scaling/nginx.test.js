'use strict';

// Servers and clients with a real nginx between them, configured as docs/scaling.md has it. What
// they share with ws is what `ws` does there, which shows with WS_RS_TEST_IMPLEMENTATION.

const assert = require('node:assert');
const { randomUUID } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { isOurs, Peer, WebSocket } = require('../support/implementation');
const { Nginx, skip } = require('../support/nginx');
const { eventually } = require('../support/patience');
const { selfSigned } = require('../../examples/self-signed');

const { WebSocketServer } = WebSocket;

const SIZES = [0, 1, 125, 126, 65535, 65536, 1024 * 1024];
const notOurs = !isOurs && 'ws has no such option';

/** Starts a server that sends back what it gets; gives what nginx calls it. */
async function serve(t, options = {}) {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });

  t.after(() => {
    for (const ws of wss.clients) ws.terminate();
    wss.close();
  });
  wss.on('connection', (ws) => {
    ws.on('error', () => {});
    ws.on('message', (data, binary) => ws.send(data, { binary }));
  });
  if (wss.address() === null) await once(wss, 'listening');
  return { name: `127.0.0.1:${wss.address().port}`, wss };
}

/** Starts a server on a Unix socket. */
async function serveOnUnix(t) {
  const file = path.join(os.tmpdir(), `${randomUUID().slice(0, 18)}.sock`);
  const server = http.createServer().listen(file);

  t.after(() => server.close());
  await once(server, 'listening');

  const { wss } = await serve(t, { host: undefined, port: undefined, server });

  return { name: `unix:${file}`, wss };
}

/** Opens a client that is gone at the end of the test. */
async function open(t, url, options, Client = Peer) {
  const client = new Client(url, { rejectUnauthorized: false, ...options });

  t.after(() => client.terminate());
  client.on('error', () => {});
  await once(client, 'open');
  return client;
}

/** Opens a client, and gives the server's end as well. */
async function openBoth(t, url, wss) {
  const connected = once(wss, 'connection');
  const client = await open(t, url);
  const [ws, request] = await connected;

  return { client, request, ws };
}

/** Sends messages of all sizes, and looks at each byte of what comes back. */
async function exchange(client) {
  for (const size of SIZES) {
    for (const binary of [true, false]) {
      const sent = Buffer.alloc(size, 'nginx passes this on. ');
      const answer = once(client, 'message');

      client.send(sent, { binary });

      const [got, isBinary] = await answer;

      assert.strictEqual(isBinary, binary);
      assert.ok(sent.equals(got), `${size} bytes`);
    }
  }
}

function get(url) {
  return new Promise((resolve, reject) => {
    const request = http.get(url.replace(/^ws/, 'http'), (response) => {
      let body = '';

      response.on('data', (text) => (body += text));
      response.on('end', () => resolve(`${response.statusCode} ${body}`));
    });

    request.on('error', reject);
  });
}

describe('Behind nginx', { skip }, () => {
  const upstreams = {
    'a port': async (t, options) => {
      const { name, wss } = await serve(t, options);

      return { location: `proxy_pass http://${name};`, wss };
    },
    'a Unix socket': async (t) => {
      const { name, wss } = await serveOnUnix(t);

      return { location: `proxy_pass http://${name};`, wss };
    },
    ...(isOurs && {
      'a port with TLS': async (t, options) => {
        const tls = selfSigned();
        const { name, wss } = await serve(t, { ...options, tls });

        return { location: `proxy_pass https://${name};`, wss };
      }
    })
  };

  for (const [title, begin] of Object.entries(upstreams)) {
    for (const secure of [false, true]) {
      it(`messages of all sizes come back from ${title}${secure ? ', to clients over TLS' : ''}`, async (t) => {
        const { location } = await begin(t);
        const nginx = await Nginx.start(t, { location, secure });

        await exchange(await open(t, nginx.url));
        await exchange(await open(t, nginx.url, {}, WebSocket));
      });
    }
  }

  it('messages that are compressed come back', async (t) => {
    const { name } = await serve(t, { perMessageDeflate: { threshold: 0 } });
    const nginx = await Nginx.start(t, {
      location: `proxy_pass http://${name};`
    });

    for (const Client of [Peer, WebSocket]) {
      const options = { perMessageDeflate: { threshold: 0 } };
      const client = await open(t, nginx.url, options, Client);

      assert.strictEqual(client.extensions, 'permessage-deflate');
      await exchange(client);
    }
  });

  it(
    'connections are accepted natively',
    { skip: notOurs || process.env.WS_RS_TRANSPORT === 'stream' },
    async (t) => {
      const { name, wss } = await serve(t);
      const nginx = await Nginx.start(t, {
        location: `proxy_pass http://${name};`
      });

      for (let i = 0; i < 3; i++) await open(t, nginx.url);
      assert.strictEqual(wss.metrics().acceptedNatively, 3);
    }
  );

  it('the request says who the client is', async (t) => {
    const { name, wss } = await serve(t);
    const nginx = await Nginx.start(t, {
      location: `proxy_pass http://${name};`
    });
    const { request } = await openBoth(t, `${nginx.url}room?user=1`, wss);

    assert.strictEqual(request.headers['x-forwarded-for'], '127.0.0.1');
    assert.strictEqual(request.url, '/room?user=1');
  });

  it('requests and upgrades share the connections that it keeps', async (t) => {
    const server = http.createServer((request, response) => {
      response.end(`page ${request.url}`);
    });
    let sockets = 0;

    server.on('connection', () => sockets++);
    server.listen(0, '127.0.0.1');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    await once(server, 'listening');
    await serve(t, { host: undefined, port: undefined, server });

    const { port } = server.address();
    const nginx = await Nginx.start(t, {
      http: `upstream kept { server 127.0.0.1:${port}; keepalive 1; }`,
      keeps: true,
      location: 'proxy_pass http://kept;'
    });

    for (let i = 0; i < 3; i++) {
      assert.strictEqual(await get(nginx.url), '200 page /');
      await exchange(await open(t, nginx.url));
    }
    // The upgrade goes over the connection that the page came by.
    assert.strictEqual(sockets, 3);
  });

  it('a refused handshake is answered as the program wants', async (t) => {
    const { name } = await serve(t, {
      verifyClient: (info, answer) => answer(false, 403, 'Not for you')
    });
    const nginx = await Nginx.start(t, {
      location: `proxy_pass http://${name};`
    });
    const client = new Peer(nginx.url);

    client.on('error', () => {});

    const [, response] = await once(client, 'unexpected-response');

    response.resume();
    await once(response, 'end');
    assert.strictEqual(response.statusCode, 403);
  });

  it('a client that does not read makes the server wait, and loses nothing', async (t) => {
    const { name, wss } = await serve(t);
    const nginx = await Nginx.start(t, {
      location: `proxy_pass http://${name};`
    });
    const { client, ws } = await openBoth(t, nginx.url, wss);
    const got = [];

    client.pause();
    for (let i = 0; i < 64; i++) ws.send(Buffer.alloc(1024 * 1024, i));
    await sleep(50);
    assert.ok(ws.bufferedAmount > 0);
    client.on('message', (data) => got.push(data));
    client.resume();
    await eventually(
      () => got.length === 64,
      () => `${got.length} messages`
    );
    for (const [i, data] of got.entries()) {
      assert.ok(Buffer.alloc(1024 * 1024, i).equals(data), `message ${i}`);
    }
    assert.strictEqual(ws.bufferedAmount, 0);
  });

  it('who is silent for proxy_read_timeout is cut off', async (t) => {
    const { name, wss } = await serve(t);
    const nginx = await Nginx.start(t, {
      location: `proxy_pass http://${name}; proxy_read_timeout 200ms;`
    });
    const { client, ws } = await openBoth(t, nginx.url, wss);
    const [[near], [far]] = await Promise.all([
      once(ws, 'close'),
      once(client, 'close')
    ]);

    assert.deepStrictEqual([near, far], [1006, 1006]);
  });

  it('a heartbeat keeps the silent', { skip: notOurs }, async (t) => {
    const { name } = await serve(t, {
      heartbeat: { interval: 50, timeout: 20_000 }
    });
    const nginx = await Nginx.start(t, {
      location: `proxy_pass http://${name}; proxy_read_timeout 1s;`
    });
    const client = await open(t, nginx.url);

    await sleep(1500);
    assert.strictEqual(client.readyState, Peer.OPEN);
    await exchange(client);
  });

  it('a reload leaves connections where they are', async (t) => {
    const [one, other] = [await serve(t), await serve(t)];
    const nginx = await Nginx.start(t, {
      location: `proxy_pass http://${one.name};`
    });
    const old = await open(t, nginx.url);

    await nginx.reload({ location: `proxy_pass http://${other.name};` });
    // The old worker may still take one that comes right away.
    await eventually(
      () => {
        if (other.wss.clients.size > 0) return true;
        open(t, nginx.url);
        return false;
      },
      () => 'nobody came to the other server'
    );
    await exchange(old);
    old.close(1000, 'done');

    const [code, reason] = await once(old, 'close');

    assert.strictEqual(`${code} ${reason}`, '1000 done');
  });

  it('its end is the end of all connections', async (t) => {
    const { name, wss } = await serve(t);
    const nginx = await Nginx.start(t, {
      location: `proxy_pass http://${name};`
    });
    const { client, ws } = await openBoth(t, nginx.url, wss);
    const closed = Promise.all([once(ws, 'close'), once(client, 'close')]);

    // What it is told to do at once.
    await nginx.stop();

    const [[near], [far]] = await closed;

    assert.deepStrictEqual([near, far], [1006, 1006]);
    assert.strictEqual(wss.clients.size, 0);
  });

  it('a server that goes sends its clients to the next one', async (t) => {
    const [one, other] = [await serve(t), await serve(t)];
    const nginx = await Nginx.start(t, {
      http: `upstream both { server ${one.name}; server ${other.name} backup; }`,
      location: 'proxy_pass http://both;'
    });
    const client = await open(t, nginx.url);

    assert.strictEqual(one.wss.clients.size, 1);

    const closed = once(client, 'close');

    one.wss.close();
    for (const ws of one.wss.clients) ws.close(1001, 'restarting');

    const [code, reason] = await closed;

    assert.strictEqual(`${code} ${reason}`, '1001 restarting');
    await exchange(await open(t, nginx.url));
    assert.strictEqual(other.wss.clients.size, 1);
  });
});

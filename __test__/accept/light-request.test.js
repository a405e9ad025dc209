'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { isLight } = require('../../lib/wire/materialize');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');
const { serve } = require('../support/servers');

const skip = isAvailable ? false : 'there is no native wire to accept with';

/** What each program may look at. */
const HEADERS = {
  Accept: 'a',
  accept: 'b',
  AGE: '1',
  age: '2',
  Cookie: 'a=b',
  cookie: 'c=d',
  'Set-Cookie': 'x',
  'set-cookie': 'y',
  'User-Agent': '',
  'X-Spaces': '  a  b  ',
  'x-dup': '1',
  'X-Dup': '2',
  __proto__x: 'z'
};

/** The request as the program of a server sees it. */
async function requestOf(t, accept, options = {}, start = 'GET /a?b=c') {
  const wss = serve(t, { accept, ...options });
  const connection = once(wss, 'connection');
  const { socket } = await exchange(
    await portOf(wss),
    upgradeRequest(HEADERS, start)
  );

  t.after(() => socket.destroy());
  return (await connection)[1];
}

/** What can be seen of it, without touching what only a constructed one has. */
function lightly(request) {
  const { aborted, complete, headers, httpVersion, httpVersionMajor } = request;
  const { httpVersionMinor, method, rawHeaders, statusCode } = request;
  const { joinDuplicateHeaders, statusMessage, upgrade, url } = request;

  return {
    aborted,
    complete,
    headers,
    httpVersion,
    httpVersionMajor,
    httpVersionMinor,
    joinDuplicateHeaders,
    method,
    rawHeaders,
    statusCode,
    statusMessage,
    upgrade,
    url
  };
}

describe('A request that was read natively', { skip }, () => {
  it('says what that of Node says', async (t) => {
    const ours = await requestOf(t, 'native');
    const nodes = await requestOf(t, 'node');

    assert.ok(ours instanceof http.IncomingMessage);
    assert.ok(isLight(ours.socket));
    assert.ok(!isLight(nodes.socket));
    assert.deepStrictEqual(lightly(ours), lightly(nodes));
    assert.strictEqual(ours.headers, ours.headers);
    assert.strictEqual(ours.rawHeaders, ours.rawHeaders);
    assert.ok(isLight(ours.socket));
  });

  it('has all that one of Node has', async (t) => {
    const ours = await requestOf(t, 'native');
    const nodes = await requestOf(t, 'node');
    const { headers } = ours;

    assert.strictEqual(ours.readableEnded, nodes.readableEnded);
    assert.deepStrictEqual(ours.trailers, nodes.trailers);
    assert.deepStrictEqual(ours.headersDistinct, nodes.headersDistinct);
    assert.deepStrictEqual(lightly(ours), lightly(nodes));
    assert.strictEqual(ours.headers, headers);
    assert.deepStrictEqual(
      Reflect.ownKeys(ours)
        .map(String)
        .filter((name) => !name.includes('ws-rs'))
        .sort(),
      Reflect.ownKeys(nodes).map(String).sort()
    );
  });

  it('ends for who reads it', async (t) => {
    const ours = await requestOf(t, 'native');
    const chunks = [];

    for await (const chunk of ours) chunks.push(chunk);
    assert.deepStrictEqual(chunks, []);
  });

  it('keeps what a program puts there', async (t) => {
    const ours = await requestOf(t, 'native');

    ours.url = '/other';
    ours.user = 'me';
    assert.strictEqual(ours.url, '/other');
    ours.on('close', () => {});
    assert.strictEqual(ours.url, '/other');
    assert.strictEqual(ours.user, 'me');
    assert.strictEqual(ours.method, 'GET');

    const other = await requestOf(t, 'native');

    other.headers = { a: 'b' };
    assert.deepStrictEqual(other.headers, { a: 'b' });
  });

  it('may get another prototype, as Express gives it, and be inherited from', async (t) => {
    const ours = await requestOf(t, 'native');
    const view = Object.create(ours);
    const listener = () => {};

    Object.setPrototypeOf(ours, Object.create(http.IncomingMessage.prototype));
    assert.strictEqual(ours.method, 'GET');
    assert.strictEqual(ours.url, '/a?b=c');
    assert.strictEqual(ours.headers.host, 'localhost');
    Object.defineProperty(ours, 'url', { get: () => '/got' });
    view.on('close', listener);
    assert.strictEqual(ours.url, '/got');
    assert.strictEqual(ours.listenerCount('close'), 1);
  });

  it('has duplicates joined as the server has it', async (t) => {
    const joined = [];

    for (const accept of ['native', 'node']) {
      const server = http.createServer({ joinDuplicateHeaders: true });

      server.listen(0, '127.0.0.1');
      t.after(() => server.close());
      joined.push(
        (await requestOf(t, accept, { port: undefined, server })).headers
      );
    }

    assert.deepStrictEqual(joined[0], joined[1]);
    assert.strictEqual(joined[0].age, '1, 2');
  });
});

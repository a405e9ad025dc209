'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const Clients = require('../../lib/api/clients');
const { WebSocket, WebSocketServer } = require('../..');

/** A server with `clients`, and what keeps them. */
function makeServer(areKept = true) {
  const server = {};

  return [server, new Clients(server, areKept)];
}

describe('Clients', () => {
  it('becomes a Set of those that are there, in their order, when asked for', () => {
    const [server, clients] = makeServer();
    const [a, b, c, d] = [{ a: 1 }, { b: 1 }, { c: 1 }, { d: 1 }];

    for (const each of [a, b, c, d]) {
      assert.strictEqual(clients.add(each), true);
    }
    clients.delete(b);
    assert.strictEqual(clients.size, 3);

    const set = server.clients;

    assert.ok(set instanceof Set);
    assert.deepStrictEqual([...set], [a, c, d]);
    assert.strictEqual(server.clients, set);

    clients.add(b);
    clients.delete(a);
    clients.delete(d);
    assert.deepStrictEqual([...set], [c, b]);
    assert.strictEqual(clients.size, 2);
  });

  it('is a property as that of ws, before and after', () => {
    const [server] = makeServer();
    const isData = () =>
      'value' in Object.getOwnPropertyDescriptor(server, 'clients');

    assert.deepStrictEqual(Object.keys(server), ['clients']);
    assert.strictEqual(isData(), false);
    assert.strictEqual(server.clients.size, 0);
    assert.strictEqual(isData(), true);
    assert.deepStrictEqual(Object.keys(server), ['clients']);
  });

  for (const [end, indices] of [
    ['first', [0, 1, 2]],
    ['last', [2, 1, 0]],
    ['middle', [1, 0, 2]]
  ]) {
    it(`knows who is left when the ${end} one leaves`, () => {
      const [, clients] = makeServer();
      const all = [{}, {}, {}];
      const left = new Set(all);

      for (const each of all) clients.add(each);

      for (const index of indices) {
        clients.delete(all[index]);
        // Who is closed twice is gone once.
        clients.delete(all[index]);
        left.delete(all[index]);
        assert.deepStrictEqual(new Set(clients.all()), left);
        assert.strictEqual(clients.size, left.size);
      }

      clients.add(all[1]);
      assert.deepStrictEqual(clients.all(), [all[1]]);
    });
  }

  it('keeps nobody alive who came behind one that has left', () => {
    const [, clients] = makeServer();
    const [a, b] = [{}, {}];

    clients.add(a);
    clients.add(b);
    clients.delete(a);

    for (const symbol of Object.getOwnPropertySymbols(a)) {
      assert.strictEqual(a[symbol], undefined);
    }
  });

  it('goes on with what the program has put there', () => {
    for (const put of [
      (server, set) => {
        server.clients = set;
      },
      (server, value) =>
        Object.defineProperty(server, 'clients', { value, writable: true })
    ]) {
      const [server, clients] = makeServer();
      const [before, after] = [{}, {}];
      const own = new Set();

      clients.add(before);
      put(server, own);
      clients.add(after);
      assert.deepStrictEqual([...own], [after]);
      clients.delete(before);
      clients.delete(after);
      assert.strictEqual(own.size, 0);
      assert.strictEqual(server.clients, own);
    }
  });

  it('has one twice only once, as a Set', () => {
    const [server, clients] = makeServer();
    const [one, other] = [{}, {}];

    clients.add(other);
    clients.add(one);
    clients.add(one);
    assert.deepStrictEqual([...server.clients], [other, one]);
    clients.delete(one);
    assert.deepStrictEqual([...server.clients], [other]);
  });

  it('keeps none if it is not to, but in what the program puts there', () => {
    const [server, clients] = makeServer(false);

    assert.strictEqual(server.clients, undefined);
    assert.strictEqual(clients.add({}), false);
    assert.strictEqual(clients.size, undefined);
    assert.strictEqual(clients.all(), undefined);

    server.clients = new Set();
    assert.strictEqual(clients.add({}), true);
    assert.strictEqual(server.clients.size, 1);
  });

  it('is one Set on a server that is frozen', () => {
    const [server, clients] = makeServer();
    const one = {};

    Object.freeze(server);
    clients.add(one);

    const set = server.clients;

    assert.deepStrictEqual([...set], [one]);
    assert.strictEqual(server.clients, set);
    clients.delete(one);
    assert.strictEqual(set.size, 0);
  });
});

describe('WebSocketServer#clients', () => {
  it('has the connections that came before anybody asked', async (t) => {
    const wss = new WebSocketServer({ port: 0 });

    t.after(() => wss.close());
    await once(wss, 'listening');

    const clients = [1, 2, 3].map(
      () => new WebSocket(`ws://127.0.0.1:${wss.address().port}`)
    );
    const accepted = [];

    wss.on('connection', (ws) => accepted.push(ws));
    await Promise.all(clients.map((client) => once(client, 'open')));
    while (accepted.length < 3) await once(wss, 'connection');

    clients[0].close();
    await Promise.race(accepted.map((ws) => once(ws, 'close')));

    const open = accepted.filter((ws) => ws.readyState === WebSocket.OPEN);

    assert.strictEqual(open.length, 2);
    assert.deepStrictEqual([...wss.clients], open);

    for (const client of clients) client.terminate();
    await Promise.all(open.map((ws) => once(ws, 'close')));
    assert.strictEqual(wss.clients.size, 0);
  });

  it('stays a list for broadcast() and metrics()', async (t) => {
    const wss = new WebSocketServer({ port: 0 });
    const isList = () =>
      Object.getOwnPropertyDescriptor(wss, 'clients').get !== undefined;

    t.after(() => wss.close());
    await once(wss, 'listening');

    const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);

    await Promise.all([once(wss, 'connection'), once(client, 'open')]);

    const message = once(client, 'message');

    assert.strictEqual(wss.broadcast('a'), 1);
    assert.strictEqual(String((await message)[0]), 'a');
    assert.strictEqual(wss.broadcast('b', { except: () => true }), 0);
    assert.strictEqual(wss.metrics().connections.open, 1);
    assert.strictEqual(isList(), true);

    const [ws] = wss.clients;

    assert.strictEqual(isList(), false);
    assert.strictEqual(wss.broadcast('c', { except: ws }), 0);
    client.close();
    await once(ws, 'close');
    assert.strictEqual(wss.broadcast('d'), 0);
  });

  it('is a field that a subclass may have of its own', async (t) => {
    class Server extends WebSocketServer {
      clients = new Set();
    }

    const wss = new Server({ port: 0 });
    const own = wss.clients;

    t.after(() => wss.close());
    await once(wss, 'listening');

    const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
    const [[ws]] = await Promise.all([
      once(wss, 'connection'),
      once(client, 'open')
    ]);

    assert.deepStrictEqual([...own], [ws]);
    client.close();
    await once(ws, 'close');
    assert.strictEqual(own.size, 0);
  });
});

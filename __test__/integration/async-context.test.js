'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const ours = require('../..');
const theirs = require('ws');
const { exchange, upgradeRequest } = require('../support/raw-http');

/**
 * Runs a conversation and notes the store that each listener and callback sees.
 * The program gives a store to the place where the client is made, to each
 * `'connection'`, and to each send.
 */
async function storesOf({ WebSocket, WebSocketServer }, options) {
  const storage = new AsyncLocalStorage();
  const seen = {};
  const note = (name) => () => (seen[name] = storage.getStore() ?? null);
  const wss = new WebSocketServer({
    host: '127.0.0.1',
    perMessageDeflate: options.compress && { threshold: 0 },
    port: 0
  });

  await once(wss, 'listening');

  const peerClosed = new Promise((resolve) => {
    wss.on('connection', (ws) => {
      note('server connection')();
      storage.run('in connection', () => {
        ws.on('message', note('server message'));
        ws.on('ping', note('server ping'));
        ws.on('close', note('server close'));
        ws.on('close', resolve);
      });
      storage.run('server sends', () => {
        ws.on('message', (data) => {
          ws.send(data, note('server send callback'));
          ws.ping('p', note('server ping callback'));
        });
      });
    });
  });

  const url = `ws://127.0.0.1:${wss.address().port}`;
  const ws = storage.run('client made', () => new WebSocket(url));

  storage.run('listeners added', () => {
    for (const name of ['open', 'message', 'ping', 'pong', 'close']) {
      ws.on(name, note(`client ${name}`));
    }
  });
  await once(ws, 'open');
  storage.run('client sends', () => {
    ws.send('a'.repeat(options.size), note('client send callback'));
    ws.ping('p', note('client ping callback'));
  });
  await Promise.all([once(ws, 'message'), once(ws, 'pong')]);
  storage.run('client closes', () => ws.close());
  await Promise.all([once(ws, 'close'), peerClosed]);
  wss.close();
  return seen;
}

/** Sends of one tick and of one listener, each from a store of its own. */
async function storesOfSends({ WebSocket, WebSocketServer }) {
  const storage = new AsyncLocalStorage();
  const seen = {};
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });

  await once(wss, 'listening');
  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));

  const url = `ws://127.0.0.1:${wss.address().port}`;
  const clients = [new WebSocket(url), new WebSocket(url)];

  await Promise.all(clients.map((ws) => once(ws, 'open')));

  function sendAll(where) {
    const sent = [];

    for (const i of [0, 1, 2]) {
      clients.forEach((ws, c) => {
        const name = `${c} ${i}`;

        storage.run(name, () => {
          sent.push(
            new Promise((resolve) => {
              ws.send(name, () => {
                seen[`${name} ${where}`] = storage.getStore() ?? null;
                resolve();
              });
            })
          );
        });
      });
    }

    return Promise.all(sent);
  }

  await sendAll('in a tick');
  await new Promise((resolve) => {
    clients[0].once('message', () => resolve(sendAll('in a listener')));
  });
  for (const ws of clients) ws.close();
  await Promise.all(clients.map((ws) => once(ws, 'close')));
  wss.close();
  return seen;
}

/** What a server's listeners see when one of them has entered a store. */
async function storesBehindEnter(
  { WebSocket, WebSocketServer },
  { end, touch }
) {
  const storage = new AsyncLocalStorage();
  const seen = [];
  const note = (name) => () => seen.push([name, storage.getStore() ?? null]);
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });

  await once(wss, 'listening');

  const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  const [[peer]] = await Promise.all([
    once(wss, 'connection'),
    once(ws, 'open')
  ]);

  if (touch) peer._socket.on('close', note('close of the socket'));
  peer.on('message', (data) => {
    note('message')();
    storage.enterWith(`entered at ${data}`);
    peer.send('answer');
  });
  peer.on('pong', note('pong'));
  peer.on('close', note('close'));

  for (const data of ['first', 'second']) {
    ws.send(data);
    await once(ws, 'message');
  }

  ws.pong();
  await once(peer, 'pong');

  const over = once(peer, 'close');

  if (end === 'peer terminates') peer.terminate();
  else ws[end]();
  await over;
  // The socket's own comes last.
  await new Promise(setImmediate);
  ws.terminate();
  wss.close();
  return seen;
}

/**
 * What the listeners of connections see that touch their sockets behind the first
 * message. Clients that are not of this package are not accepted one by one, and
 * most of them without a handle.
 */
async function storesBehindTouch({ WebSocketServer }) {
  const storage = new AsyncLocalStorage();
  const seen = [];
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  const over = [];

  await once(wss, 'listening');
  wss.on('connection', (ws) => {
    const names = [];
    const note = (name) => () => names.push([name, storage.getStore() ?? null]);

    seen.push(names);
    over.push(once(ws, 'close'));
    ws.once('message', () => {
      ws._socket.on('close', note('close of the socket'));
      storage.enterWith('entered');
      ws.on('message', note('message'));
      ws.send('answer');
    });
    ws.on('close', note('close'));
  });

  const sockets = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const { port } = wss.address();
      const { socket } = await exchange(port, upgradeRequest());

      return socket;
    })
  );

  for (const socket of sockets) {
    socket.write(Buffer.from('81810000000061', 'hex'));
    await once(socket, 'data');
    socket.end(Buffer.from('81810000000062', 'hex'));
  }

  await Promise.all(over);
  await new Promise(setImmediate);
  wss.close();
  return seen;
}

describe('AsyncLocalStorage', () => {
  it('has the store of a connection whose socket is touched later, as with ws', async () => {
    const expected = await storesBehindTouch(theirs);
    const actual = await storesBehindTouch(ours);

    assert.strictEqual(expected.length, 8);
    assert.deepStrictEqual(actual, expected);
  });

  for (const end of ['close', 'terminate', 'peer terminates']) {
    for (const touch of [false, true]) {
      it(`has the store that a listener has entered until the end (${end}, ${touch ? '' : 'not '}touched)`, async () => {
        const expected = await storesBehindEnter(theirs, { end, touch });
        const actual = await storesBehindEnter(ours, { end, touch });

        assert.strictEqual(expected.length, touch ? 5 : 4);
        assert.deepStrictEqual(actual, expected);
      });
    }
  }

  for (const options of [
    { compress: false, size: 10 },
    { compress: false, size: 100_000 },
    { compress: true, size: 10 },
    { compress: true, size: 100_000 }
  ]) {
    const { compress, size } = options;
    const what = `${size} bytes, ${compress ? '' : 'not '}compressed`;

    it(`has the stores that it has with ws, for ${what}`, async () => {
      const expected = await storesOf(theirs, options);
      const actual = await storesOf(ours, options);

      // Something is kept at all.
      assert.strictEqual(expected['client message'], 'client made');
      assert.strictEqual(expected['client close'], 'client made');
      assert.deepStrictEqual(actual, expected);
    });
  }

  it('has the store of each send in its callback, as with ws', async () => {
    const expected = await storesOfSends(theirs);

    assert.strictEqual(expected['0 1 in a tick'], '0 1');
    assert.deepStrictEqual(await storesOfSends(ours), expected);
  });

  it('does not mix up connections that are served at once', async (t) => {
    const storage = new AsyncLocalStorage();
    const wss = new ours.WebSocketServer({ host: '127.0.0.1', port: 0 });

    await once(wss, 'listening');
    t.after(() => wss.close());
    wss.on('connection', (ws) => {
      ws.on('message', (data) => ws.send(data));
    });

    const url = `ws://127.0.0.1:${wss.address().port}`;
    const clients = Array.from({ length: 20 }, (_, i) =>
      storage.run(i, () => new ours.WebSocket(url))
    );
    const mixed = [];

    await Promise.all(
      clients.map(
        (ws, i) =>
          new Promise((resolve) => {
            let rounds = 0;

            ws.on('open', () => ws.send(''));
            ws.on('message', () => {
              if (storage.getStore() !== i) mixed.push([i, storage.getStore()]);
              if (++rounds === 20) ws.close();
              else ws.send('a');
            });
            ws.on('close', () => {
              if (storage.getStore() !== i) mixed.push([i, 'close']);
              resolve();
            });
          })
      )
    );
    assert.deepStrictEqual(mixed, []);
  });
});

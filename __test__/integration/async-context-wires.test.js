'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');

const ours = require('../..');
const theirs = require('ws');
const { skipTouches } = require('../support/loop');
const { noConnectingSocket } = require('../support/machine');

/** Enough for a connection to be promoted. */
async function turns() {
  for (let i = 0; i < 12; i++) await turn();
}

/** Where a server's connection is taken over, and in which store. */
const TAKEN = {
  'at once': (storage, upgrade) => storage.run('upgrade', upgrade),
  'later, as after a look into a database': (storage, upgrade) =>
    storage.run('upgrade', () => setTimeout(upgrade, 5)),
  'in a promise': (storage, upgrade) =>
    storage.run('upgrade', async () => {
      await turn();
      upgrade();
    })
};

/**
 * Opens a connection, with a store wherever a program may have one.
 *
 * @param {Object} lib This package or ws
 * @param {Object} options How
 * @return {Promise<Object>} Both ends, the storage, and what closes them
 */
async function open(lib, { taken = TAKEN['at once'], client = {}, handler }) {
  const storage = new AsyncLocalStorage();
  const server = http.createServer();
  const wss = new lib.WebSocketServer({ noServer: true });
  const peers = [];

  await new Promise((resolve) =>
    storage.run('listen', () => server.listen(0, '127.0.0.1', resolve))
  );
  server.on('upgrade', (request, socket, head) => {
    taken(storage, () =>
      wss.handleUpgrade(request, socket, head, (ws) => {
        peers.push(ws);
        if (handler) handler(ws, storage);
      })
    );
  });

  const url = `ws://127.0.0.1:${server.address().port}`;
  const ws = storage.run(
    'client',
    () =>
      new lib.WebSocket(url, typeof client === 'function' ? client() : client)
  );

  await once(ws, 'open');
  while (peers.length === 0) await turn();

  async function close() {
    ws.terminate();
    peers[0].terminate();
    await new Promise((resolve) => server.close(resolve));
  }

  return { close, peer: peers[0], server, storage, ws };
}

/** The stores of a conversation, by what they are seen in. */
async function converse(lib, options) {
  const seen = [];
  const transports = new Set();
  const { close, peer, storage, ws } = await open(lib, {
    ...options,
    handler: (ws, storage) => note('server', ws, storage)
  });

  function note(name, ws, storage) {
    const add = (event) =>
      seen.push(`${name} ${event}: ${storage.getStore() ?? 'none'}`);

    storage.run('listener', () => {
      ws.on('message', (data) => {
        add(`message ${String(data).slice(0, 20)}`);
        process.nextTick(add, 'tick of message');
        queueMicrotask(() => add('microtask of message'));
        setImmediate(add, 'immediate of message');
      });
      ws.on('ping', () => add('ping'));
      ws.on('pong', () => add('pong'));
      ws.on('close', () => add('close'));
      ws.on('error', () => add('error'));
      ws._socket.on('end', () => add('end of socket'));
      ws._socket.on('close', () => add('close of socket'));
    });
  }

  /** Sends both ways, and waits until all has come. */
  async function exchange(text) {
    const both = [
      [ws, peer],
      [peer, ws]
    ];

    for (const [from, to] of both) {
      const received = once(to, 'message');
      const sent = new Promise((resolve) =>
        storage.run('sender', () =>
          from.send(text, () => {
            seen.push(`callback: ${storage.getStore()}`);
            resolve();
          })
        )
      );

      await Promise.all([received, sent]);
      await turns();
      transports.add(from.transport).add(to.transport);
    }
  }

  note('client', ws, storage);
  await exchange('at once');
  await turns();
  await exchange('a little later');
  ws.ping();
  await once(ws, 'pong');
  await turns();
  await exchange('long '.repeat(100_000));
  await exchange('after a long one');

  for (const end of [ws, peer]) {
    end.pause();
    setTimeout(() => end.resume(), 20);
  }

  await exchange('behind a pause');
  await exchange('after a pause');
  for (const end of [ws, peer]) end._socket.on('data', () => {});
  await exchange('while somebody watches the socket');
  await exchange('still');

  const closed = Promise.all(
    [ws, peer].map((end) => new Promise((resolve) => end.on('close', resolve)))
  );

  if (options.broken) peer._socket.write(Buffer.from([0xff, 0xff]));
  else storage.run('closer', () => ws.close());
  await closed;
  await turns();
  await close();

  if (lib === ours && !skipTouches) {
    assert.deepStrictEqual([...transports].sort(), ['loop', 'stream']);
  }

  // Which end is first is not the same each time.
  return seen.sort();
}

describe('The stores of listeners are those that they have with ws,', () => {
  for (const [name, taken] of Object.entries(TAKEN)) {
    it(`on every wire, for a socket taken over ${name}`, async () => {
      const expected = await converse(theirs, { taken });

      assert.ok(expected.includes('server message at once: none'));
      assert.ok(expected.includes('client message at once: client'));
      assert.deepStrictEqual(await converse(ours, { taken }), expected);
    });
  }

  it('if the connection fails', async () => {
    const expected = await converse(theirs, { broken: true });

    assert.ok(expected.includes('client error: client'));
    assert.deepStrictEqual(await converse(ours, { broken: true }), expected);
  });

  it('for a client whose socket was made somewhere else', async () => {
    const client = () => {
      const storage = new AsyncLocalStorage();

      return {
        createConnection: (options) => {
          const { host, port } = options;

          return storage.run('another storage', () => net.connect(port, host));
        }
      };
    };
    const expected = await converse(theirs, { client });

    assert.deepStrictEqual(await converse(ours, { client }), expected);
  });

  it('for a client whose agent connected before', async () => {
    const run = async (lib) => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const seen = await converse(lib, { client: { agent } });

      agent.destroy();
      return seen;
    };

    assert.deepStrictEqual(await run(ours), await run(theirs));
  });

  it('for a client whose agent has an idle socket made in another store', async () => {
    const run = async (lib) => {
      const storage = new AsyncLocalStorage();
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const server = http.createServer((req, res) => res.end('idle'));
      const wss = new lib.WebSocketServer({ server });
      const seen = [];

      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      wss.on('connection', (ws) => {
        ws.on('message', (data) => setTimeout(() => ws.send(data), 5));
      });

      const { port } = server.address();

      await storage.run('request before', async () => {
        const req = http.get({ agent, host: '127.0.0.1', port });
        const [res] = await once(req, 'response');

        res.resume();
        await once(res, 'end');
      });
      await turns();

      const ws = storage.run(
        'client',
        () => new lib.WebSocket(`ws://127.0.0.1:${port}`, { agent })
      );

      await once(ws, 'open');

      for (let i = 0; i < 4; i++) {
        const received = new Promise((resolve) =>
          ws.once('message', () => {
            seen.push(storage.getStore());
            resolve();
          })
        );

        ws.send('m');
        await received;
        await turns();
      }

      ws.terminate();
      await new Promise((resolve) => wss.close(() => server.close(resolve)));
      agent.destroy();
      return seen;
    };

    assert.deepStrictEqual(await run(ours), await run(theirs));
  });

  const reason =
    noConnectingSocket ||
    (process.env.WS_RS_TRANSPORT === 'loop' &&
      'the loop transport is forced, so that Node never reads the socket');

  it(
    'for a server that gets a socket which the program made',
    { skip: reason },
    async () => {
      const run = async (lib) => {
        const storage = new AsyncLocalStorage();
        const inner = http.createServer();
        const wss = new lib.WebSocketServer({ server: inner });
        // A proxy that connects to a client, and not the other way round.
        const gate = net.createServer().listen(0, '127.0.0.1');

        await once(gate, 'listening');

        const arrived = once(gate, 'connection');

        storage.run('made', () =>
          inner.emit(
            'connection',
            net.connect(gate.address().port, '127.0.0.1')
          )
        );

        const [socket] = await arrived;
        const connected = once(wss, 'connection');

        socket.write(
          'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n' +
            'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
            'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
        );

        const [ws] = await connected;
        const seen = [];

        for (let i = 0; i < 3; i++) {
          await turns();
          socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x61]));
          await new Promise((resolve) =>
            ws.once('message', () => {
              seen.push(storage.getStore());
              resolve();
            })
          );
        }

        ws.terminate();
        socket.destroy();
        gate.close();
        wss.close();
        return seen;
      };

      assert.deepStrictEqual(await run(theirs), ['made', 'made', 'made']);
      assert.deepStrictEqual(await run(ours), ['made', 'made', 'made']);
    }
  );

  it('for stores that a listener enters', async () => {
    const run = async (lib) => {
      const seen = [];
      const { close, peer, storage, ws } = await open(lib, {});

      for (const [name, from, to] of [
        ['server', ws, peer],
        ['client', peer, ws]
      ]) {
        for (const text of ['a', 'b', 'c']) {
          const received = new Promise((resolve) =>
            to.once('message', () => {
              seen.push(`${name} ${text} ${storage.getStore()}`);
              storage.enterWith(`entered ${name} ${text}`);
              process.nextTick(resolve);
            })
          );

          storage.run('sender', () => from.send(text));
          await received;
          storage.run(undefined, () => {});
          await turns();
        }
      }

      await close();
      return seen;
    };

    assert.deepStrictEqual(await run(ours), await run(theirs));
  });
});

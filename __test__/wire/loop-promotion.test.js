'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { PassThrough } = require('node:stream');
const { describe, it } = require('node:test');

const WebSocket = require('../..');
const { skipTouches, turns, until } = require('../support/loop');
const { openDuplexPair, openPair, openTlsPair } = require('../support/pairs');
const { inbox } = require('../support/peers');
const { selfSigned } = require('../../examples/self-signed');

const skip = skipTouches;
const { WebSocketServer } = WebSocket;

/** Sends messages both ways, and gives the transports of both ends. */
async function exchanged({ client, peer }) {
  const takes = [
    [client, inbox(peer)],
    [peer, inbox(client)]
  ];

  for (const [ws, take] of takes) {
    for (const text of ['a', 'b', 'c']) {
      ws.send(text);
      assert.deepStrictEqual(await take(1), [text]);
    }
  }

  await turns();
  return [client.transport, peer.transport];
}

/** Opens a connection of a server on a given address. */
async function connected(t, wss, server, address) {
  t.after(() => {
    for (const ws of wss.clients) ws.terminate();
    server.close();
    wss.close();
  });
  await once(server, 'listening');

  const opened = new Promise((resolve) => {
    const onConnection = (ws) => resolve([ws, ws.transport]);

    wss.on('connection', onConnection);
    server.on('upgrade', (request, socket, head) => {
      if (wss.options.noServer) {
        wss.handleUpgrade(request, socket, head, onConnection);
      }
    });
  });
  const client = new WebSocket(address(server));

  t.after(() => client.terminate());
  await once(client, 'open');

  const [peer, first] = await opened;

  assert.deepStrictEqual([client.transport, first], ['stream', 'stream']);
  return { client, peer };
}

const overTcp = (server) => `ws://127.0.0.1:${server.address().port}`;

describe('A connection is promoted', { skip }, () => {
  it('of a server with a port, and of a client', async (t) => {
    const wss = new WebSocketServer({
      accept: 'node',
      host: '127.0.0.1',
      port: 0
    });
    const pair = await connected(t, wss, wss, overTcp);

    await turns();
    assert.deepStrictEqual(await exchanged(pair), ['loop', 'loop']);
  });

  for (const options of [{}, { noServer: true }]) {
    it(`of ${options.noServer ? 'no' : 'an HTTP'} server`, async (t) => {
      const server = http.createServer().listen(0, '127.0.0.1');
      const wss = new WebSocketServer({
        ...(options.noServer ? options : { accept: 'node', server }),
        clientTracking: true
      });
      const pair = await connected(t, wss, server, overTcp);

      assert.deepStrictEqual(await exchanged(pair), ['loop', 'loop']);
    });
  }

  it('over a Unix socket', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-'));
    const file = path.join(folder, 'socket');
    const server = http.createServer().listen(file);
    const wss = new WebSocketServer({ server });

    t.after(() => fs.rmSync(folder, { force: true, recursive: true }));

    const pair = await connected(t, wss, server, () => `ws+unix:${file}`);

    assert.deepStrictEqual(await exchanged(pair), ['loop', 'loop']);
  });

  it('with compression, and with one event a macrotask', async (t) => {
    for (const options of [
      { perMessageDeflate: { threshold: 0 } },
      { allowSynchronousEvents: false }
    ]) {
      const pair = await openPair(t, { server: options, client: options });

      assert.deepStrictEqual(await exchanged(pair), ['loop', 'loop']);
    }
  });
});

describe('No touch of this kind keeps a connection from it', { skip }, () => {
  const harmless = {
    'reading remoteAddress and the like': ({ _socket: socket }) => {
      for (const name of ['remoteAddress', 'remotePort', 'localAddress']) {
        assert.ok(socket[name]);
      }
      for (const name of ['bytesRead', 'bytesWritten', 'readyState']) {
        assert.ok(socket[name]);
      }
    },
    'address()': ({ _socket: socket }) => assert.ok(socket.address().port),
    'setNoDelay()': ({ _socket: socket }) => socket.setNoDelay(false),
    'setKeepAlive()': ({ _socket: socket }) => socket.setKeepAlive(true, 1000),
    'setTimeout(0)': ({ _socket: socket }) => socket.setTimeout(0),
    'ref() and unref()': ({ _socket: socket }) => socket.unref().ref(),
    'listeners of other events': ({ _socket: socket }) => {
      for (const name of ['close', 'drain', 'end', 'error', 'timeout']) {
        socket.on(name, () => {});
        socket.prependListener(name, () => {});
        socket.once(name, () => {});
      }
    },
    'write()': ({ _socket: socket }) => {
      socket.write(Buffer.from(socket.server ? '8a00' : '8a8000000000', 'hex'));
    },
    'cork() and uncork()': ({ _socket: socket }) => {
      socket.cork();
      socket.uncork();
    },
    'a property of its own': ({ _socket: socket }) => {
      socket.id = socket.data = socket.transport = 'a';
    },
    '_sender.sendFrame()': (ws) => {
      const mask = ws._isServer ? {} : { mask: true };
      const list = WebSocket.Sender.frame(Buffer.alloc(0), {
        fin: true,
        opcode: 10,
        ...mask
      });

      ws._sender.sendFrame(list, () => {});
    }
  };

  for (const [name, touch] of Object.entries(harmless)) {
    it(name, async (t) => {
      const pair = await openPair(t, {
        Client: class extends WebSocket {
          emit(event, ...args) {
            if (event === 'open') touch(this);
            return super.emit(event, ...args);
          }
        }
      });

      touch(pair.peer);
      assert.deepStrictEqual(await exchanged(pair), ['loop', 'loop']);
      // Nor does any of it demote.
      touch(pair.client);
      touch(pair.peer);
      assert.deepStrictEqual(await exchanged(pair), ['loop', 'loop']);
    });
  }
});

describe('A connection stays on the stream transport', { skip }, () => {
  const harmful = {
    'a data listener': (socket) => socket.on('data', () => {}),
    'a data listener in front': (socket) =>
      socket.prependListener('data', () => {}),
    'a pipe': (socket) => socket.pipe(new PassThrough().resume()),
    'a timeout': (socket) => socket.setTimeout(60_000),
    'a push of its own': (socket) => {
      const { push } = socket;

      socket.push = (...args) => push.apply(socket, args);
    },
    'an emit of its own': (socket) => {
      const { emit } = socket;

      socket.emit = (...args) => emit.apply(socket, args);
    },
    'a write of its own': (socket) => {
      const { write } = socket;

      socket.write = (...args) => write.apply(socket, args);
    },
    'a handle without a descriptor': (socket) =>
      Object.defineProperty(socket._handle, 'fd', { value: -1 }),
    'the receiver touched': (socket, ws) => assert.ok(ws._receiver),
    'a listener of the receiver': (socket, ws) =>
      ws._receiver.on('conclude', () => {})
  };

  for (const [name, touch] of Object.entries(harmful)) {
    it(`with ${name}`, async (t) => {
      const touched = [];
      const pair = await openPair(t, {
        Client: class extends WebSocket {
          emit(event, ...args) {
            if (event === 'open') {
              touch(this._socket, this);
              touched.push(this);
            }
            return super.emit(event, ...args);
          }
        }
      });

      assert.strictEqual(touched.length, 1);
      assert.deepStrictEqual(await exchanged(pair), ['stream', 'loop']);
    });
  }

  for (const name of ['data', 'readable']) {
    it(`with a ${name} listener of the server's program`, async (t) => {
      const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });

      wss.on('connection', ({ _socket: socket }) => {
        socket.on(name, () => {
          // What is read so is emitted as data, too.
          if (name === 'readable') while (socket.read() !== null);
        });
      });

      const pair = await connected(t, wss, wss, overTcp);

      assert.deepStrictEqual(await exchanged(pair), ['loop', 'stream']);
    });
  }

  it('with an encoding, which leaves no frame as it was', async (t) => {
    const { client, peer } = await openPair(t);

    client._socket.setEncoding('latin1');
    await turns();
    assert.deepStrictEqual(
      [client.transport, peer.transport],
      ['stream', 'loop']
    );
  });

  it('over TLS', async (t) => {
    assert.ok(selfSigned().cert);

    const pair = await openTlsPair(t);

    assert.deepStrictEqual(await exchanged(pair), ['stream', 'stream']);
  });

  it('where async-listener wraps what handles call', async (t) => {
    process.addAsyncListener = () => {};
    t.after(() => delete process.addAsyncListener);

    const transports = await exchanged(await openPair(t));

    assert.deepStrictEqual(transports, ['stream', 'stream']);
  });

  it('over a mere duplex', async (t) => {
    const pair = openDuplexPair(t);

    assert.deepStrictEqual(await exchanged(pair), ['stream', 'stream']);
  });

  it('before it is open and after it is closed', async (t) => {
    const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });

    t.after(() => wss.close());
    await once(wss, 'listening');

    const ws = new WebSocket(overTcp(wss));

    assert.strictEqual(ws.transport, 'stream');
    await once(ws, 'open');
    await turns();
    assert.strictEqual(ws.transport, 'loop');
    ws.close();
    await once(ws, 'close');
    assert.strictEqual(ws.transport, 'stream');
  });
});

describe('A connection that is not idle when it opens', { skip }, () => {
  it('is promoted after it was paused', async (t) => {
    const { client, peer } = await openPair(t);
    const take = inbox(client);

    client.pause();
    await turns();
    assert.strictEqual(client.transport, 'stream');
    peer.send('a');
    await turns();
    client.resume();
    assert.deepStrictEqual(await take(1), ['a']);
    await turns();
    assert.strictEqual(client.transport, 'loop');
    peer.send('b');
    assert.deepStrictEqual(await take(1), ['b']);
  });

  it('is promoted when what it sent first has gone out', async (t) => {
    const { client, peer } = await openPair(t);
    const take = inbox(peer);

    // More than a kernel buffers; whoever sends it waits for the reader.
    peer.pause();
    client.send(Buffer.alloc(32 << 20));
    await turns();
    assert.ok(client.bufferedAmount > 0);
    assert.strictEqual(client.transport, 'stream');
    peer.resume();
    assert.strictEqual((await take(1))[0].length, 32 << 20);
    await until(() => client.bufferedAmount === 0);
    assert.deepStrictEqual(await exchanged({ client, peer }), ['loop', 'loop']);
  });

  it('is promoted when its first message is inflated', async (t) => {
    const options = { perMessageDeflate: { threshold: 0 } };
    const wss = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      ...options
    });

    t.after(() => {
      for (const ws of wss.clients) ws.terminate();
      wss.close();
    });
    wss.on('connection', (ws) => {
      ws.on('message', (data) => ws.send(data));
      ws.send('a'.repeat(4 << 20));
    });
    await once(wss, 'listening');

    const client = new WebSocket(overTcp(wss), options);
    const take = inbox(client);

    assert.strictEqual((await take(1))[0].length, 4 << 20);
    for (const byte of [1, 2]) {
      client.send(Buffer.from([byte]));
      assert.deepStrictEqual(await take(1), [Buffer.from([byte])]);
      await turns();
    }
    assert.strictEqual(client.transport, 'loop');
  });
});

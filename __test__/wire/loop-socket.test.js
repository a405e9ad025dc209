'use strict';

const assert = require('node:assert');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const ours = require('../..');
const theirs = require('ws');
const { skip, turns, until } = require('../support/loop');
const { BINARY, frame, MASK, TEXT } = require('../support/frames');
const { bytesOf, connect, inbox, listen } = require('../support/peers');
const { exchange, upgradeRequest } = require('../support/raw-http');

/**
 * Opens a server's connection with bare TCP on the other side, which has gone
 * to the loop transport if it can.
 */
async function openRaw(t, { WebSocketServer }, options) {
  const wss = await listen(t, WebSocketServer, options);
  const connected = once(wss, 'connection');
  const port = wss.address().port;
  const { socket } = await exchange(port, upgradeRequest());
  const [ws] = await connected;

  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await turns();
  if (WebSocketServer === ours.WebSocketServer) {
    assert.strictEqual(ws.transport, 'loop');
  }
  return { socket, ws };
}

/** Notes what a WebSocket and its socket emit. */
function record(ws) {
  const log = [];

  for (const name of ['end', 'error', 'finish', 'close', 'timeout']) {
    ws._socket.on(name, (value) => {
      log.push([`socket ${name}`, value?.code ?? value ?? null]);
    });
  }
  ws.on('message', (data) => log.push(['message', data.toString()]));
  ws.on('error', (err) => log.push(['error', err.code]));
  ws.on('close', (code) => log.push(['close', code, ws.readyState]));
  return log;
}

const closed = (ws) =>
  new Promise((resolve) => {
    ws.once('close', resolve);
  });

const masked = (opcode, data) => frame(opcode, data, { mask: MASK });

/** Runs a scene with ws and with this package; both must see the same. */
async function same(t, scene) {
  const expected = await scene(t, theirs);
  const actual = await scene(t, ours);

  assert.deepStrictEqual(actual, expected);
  return actual;
}

describe('The socket of a connection on loop, as with ws,', { skip }, () => {
  it('counts the bytes that are read and written', async (t) => {
    const counts = await same(t, async (t, { WebSocket, WebSocketServer }) => {
      const wss = await listen(t, WebSocketServer);
      const [peer, client] = await connect(wss, WebSocket);
      const take = inbox(client);
      const counts = [];
      const note = () => {
        for (const { _socket: socket } of [peer, client]) {
          counts.push(socket.bytesRead, socket.bytesWritten);
        }
      };

      peer.on('message', (data) => {
        counts.push(peer._socket.bytesRead);
        peer.send(data);
      });
      await turns();
      // The request has a key of 24 characters, whatever it is, and headers.
      note();
      for (const size of [0, 1, 125, 126, 65_535, 65_536, 1 << 20]) {
        client.send(Buffer.alloc(size));
        await take(1);
        await until(() => peer.bufferedAmount === 0);
        // Of long messages the last bytes are counted by then.
        note();
      }
      client.close();
      await closed(peer);
      note();
      return counts;
    });

    assert.ok(counts.at(-1) > 1 << 20);
  });

  it('ends when the peer does, with 1006', async (t) => {
    const log = await same(t, async (t, lib) => {
      const { socket, ws } = await openRaw(t, lib);
      const log = record(ws);

      socket.end(masked(TEXT, 'last'));
      await closed(ws);
      return log;
    });

    assert.deepStrictEqual(log[0], ['message', 'last']);
    assert.deepStrictEqual(
      log.filter(([name]) => name === 'close'),
      [['close', 1006, 3]]
    );
  });

  it('still sends to a peer that has ended its own half', async (t) => {
    const text = await same(t, async (t, lib) => {
      const { socket, ws } = await openRaw(t, lib);
      let text = '';

      socket.allowHalfOpen = true;
      socket.on('data', (data) => (text += data));
      ws._socket.prependListener('end', () => ws.send('a'.repeat(100)));
      socket.end();
      await closed(ws);
      await once(socket, 'close');
      return text;
    });

    assert.match(text, /a{100}$/);
  });

  it('fails with ECONNRESET, and the WebSocket closes', async (t) => {
    const log = await same(t, async (t, lib) => {
      const { socket, ws } = await openRaw(t, lib);
      const log = record(ws);

      socket.resetAndDestroy();
      await closed(ws);
      return log;
    });

    assert.deepStrictEqual(log, [
      ['socket error', 'ECONNRESET'],
      ['socket close', true],
      ['close', 1006, 3]
    ]);
  });

  it('resets the connection of its peer', async (t) => {
    const log = await same(t, async (t, lib) => {
      const { socket, ws } = await openRaw(t, lib);
      const log = record(ws);
      const failed = once(socket, 'error');

      ws._socket.resetAndDestroy();
      const [[error]] = await Promise.all([
        failed.catch((err) => [err]),
        closed(ws)
      ]);
      return [...log, error.code];
    });

    assert.strictEqual(log.at(-1), 'ECONNRESET');
  });

  it('sends FIN when it is terminated, after what was sent', async (t) => {
    const text = await same(t, async (t, lib) => {
      const { socket, ws } = await openRaw(t, lib);
      let text = '';

      socket.on('data', (data) => (text += data));
      ws.send('b'.repeat(1000));
      ws.terminate();
      await once(socket, 'end');
      return text;
    });

    assert.match(text, /b{1000}$/);
  });

  it('times out when nothing comes', async (t) => {
    const log = await same(t, async (t, lib) => {
      const { ws } = await openRaw(t, lib);
      const log = record(ws);

      ws._socket.setTimeout(20);
      await once(ws._socket, 'timeout');
      ws.terminate();
      await closed(ws);
      return log;
    });

    assert.deepStrictEqual(log[0], ['socket timeout', null]);
  });
});

describe('A paused connection that was on loop, as with ws,', { skip }, () => {
  for (const [what, act] of [
    ['sees the peer end', (socket) => socket.end()],
    ['sees the peer reset it', (socket) => socket.resetAndDestroy()]
  ]) {
    it(what, async (t) => {
      const log = await same(t, async (t, lib) => {
        const { socket, ws } = await openRaw(t, lib);
        const log = record(ws);

        ws.pause();
        act(socket);
        await closed(ws);
        return log;
      });

      assert.deepStrictEqual(
        log.filter(([name]) => name === 'close'),
        [['close', 1006, 3]]
      );
    });
  }

  it('hands out what has arrived when it is terminated', async (t) => {
    const log = await same(t, async (t, lib) => {
      const { socket, ws } = await openRaw(t, lib);
      const log = record(ws);
      const before = ws._socket.bytesRead;
      const bytes = Buffer.concat([masked(TEXT, '1'), masked(TEXT, '2')]);

      ws.pause();
      socket.write(bytes);
      await until(() => ws._socket.bytesRead === before + bytes.length);
      assert.deepStrictEqual(log, []);
      ws.terminate();
      await closed(ws);
      return log;
    });

    assert.deepStrictEqual(log, [
      ['message', '1'],
      ['message', '2'],
      ['socket close', false],
      ['close', 1006, 3]
    ]);
  });

  it('lets TCP stop the peer, and loses nothing', async (t) => {
    const { socket, ws } = await openRaw(t, ours);
    const message = masked(BINARY, bytesOf(60_000));
    const count = 1500;
    let got = 0;

    ws.on('message', (data) => {
      if (data.length === 60_000) got++;
      // Again and again, under load.
      if (got % 100 !== 0) return;

      ws.pause();
      setImmediate(() => ws.resume());
    });
    ws.pause();
    for (let i = 0; i < count; i++) socket.write(message);
    // It goes on for as long as the kernel takes something.
    for (let last = -1; last !== socket.writableLength;) {
      last = socket.writableLength;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.strictEqual(got, 0);
    assert.ok(socket.writableLength > 0);
    // As much as Node reads ahead, and no more.
    assert.ok(ws._socket.readableLength <= 1 << 17, ws._socket.readableLength);
    ws.resume();
    await until(() => got === count);
  });
});

describe('A slow peer of a connection on loop', { skip }, () => {
  it('gets messages of 4 MiB in parts, each byte of them', async (t) => {
    const { socket, ws } = await openRaw(t, ours);
    const payload = bytesOf(4 << 20);
    const count = 6;
    const hash = createHash('sha256');
    const expected = createHash('sha256');
    const total = count * (payload.length + 10);
    let got = 0;
    let called = 0;

    for (let i = 0; i < count; i++) expected.update(frame(BINARY, payload));

    socket.removeAllListeners('data');
    socket.setEncoding('latin1');
    socket.on('data', (text) => {
      const data = Buffer.from(text, 'latin1');

      got += data.length;
      hash.update(data);
      socket.pause();
      setImmediate(() => socket.resume());
    });
    for (let i = 0; i < count; i++) ws.send(payload, () => called++);
    assert.ok(ws.bufferedAmount > 0);
    await until(() => got >= total);
    assert.strictEqual(got, total);
    assert.strictEqual(hash.digest('hex'), expected.digest('hex'));
    await until(() => called === count);
    assert.strictEqual(ws.bufferedAmount, 0);
    assert.strictEqual(ws.transport, 'loop');
  });
});

describe('One busy peer', { skip }, () => {
  it('starves neither timers nor other connections', async (t) => {
    const wss = await listen(t, ours.WebSocketServer);
    const flood = Buffer.concat(Array(20_000).fill(masked(TEXT, 'flood')));
    const { socket } = await exchange(wss.address().port, upgradeRequest());
    const [quietPeer, quiet] = await connect(wss, ours.WebSocket);
    const take = inbox(quiet);
    let isOver = false;
    let flooded = 0;
    let timers = 0;

    t.after(() => socket.destroy());
    for (const ws of wss.clients) {
      if (ws !== quietPeer) ws.on('message', () => flooded++);
    }
    quietPeer.on('message', (data) => quietPeer.send(data.toString()));
    // There is always more to read than one turn of the loop takes.
    (function pour() {
      if (!isOver) socket.write(flood, pour);
    })();
    const timer = setInterval(() => timers++, 1);

    for (let i = 0; i < 50; i++) {
      quiet.send(`${i}`);
      assert.deepStrictEqual(await take(1), [`${i}`]);
    }
    await until(() => timers >= 20);
    isOver = true;
    clearInterval(timer);
    assert.ok(flooded > 1000, `${flooded} messages`);
  });
});

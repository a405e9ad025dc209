'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');

const { exchange, upgradeRequest } = require('../support/raw-http');
const { listen } = require('../support/peers');
const { skip, turns, until } = require('../support/loop');
const { BINARY, frame, MASK, TEXT } = require('../support/frames');
const { upgradeWith } = require('../support/servers');
const ours = require('../..');
const theirs = require('ws');

const masked = (opcode, data) => frame(opcode, data, { mask: MASK });

/** Masked messages `0`, `1`, ..., filled up to a size, in one piece. */
function numbered(count, size) {
  return Buffer.concat(
    Array.from({ length: count }, (_, i) =>
      masked(BINARY, `${i}`.padEnd(size, '.'))
    )
  );
}

const upTo = (count) => Array.from({ length: count }, (_, i) => i);

/** Notes the numbers of messages and the code of the close event. */
function record(ws) {
  const log = { closed: [], numbers: [] };

  ws.on('message', (data) => log.numbers.push(parseInt(data, 10)));
  ws.on('close', (code) => log.closed.push(code));
  ws.on('error', () => {});
  return log;
}

/** A bare TCP socket, and our connection on the other side of it, on loop. */
async function openRaw(t, wss) {
  const connected = once(wss, 'connection');
  const { socket } = await exchange(wss.address().port, upgradeRequest());
  const [ws] = await connected;

  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await turns();
  return { socket, ws };
}

/** As `openRaw()`, where all that is written at once waits in the kernel. */
async function openUnix(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-'));
  const file = path.join(folder, 'socket');
  const server = http.createServer().listen(file);
  const wss = new ours.WebSocketServer({ noServer: true });

  t.after(() => server.close(() => fs.rmSync(folder, { recursive: true })));

  const connected = new Promise((resolve) => upgradeWith(wss, server, resolve));
  const socket = net.connect(file);

  t.after(() => socket.destroy());
  socket.write(upgradeRequest());
  await once(socket, 'data');

  const ws = await connected;

  t.after(() => ws.terminate());
  await turns();
  assert.strictEqual(ws.transport, 'loop');
  return { socket, ws };
}

describe('What is more than a turn reads', { skip }, () => {
  it('is read to its end though it was told of once', async (t) => {
    const { socket, ws } = await openUnix(t);
    const log = record(ws);

    // Of messages of this size one read takes one, and a turn four.
    for (let round = 0; round < 3; round++) {
      log.numbers.length = 0;
      socket.write(numbered(8, 20_000));
      await until(() => log.numbers.length === 8);
      assert.deepStrictEqual(log.numbers, upTo(8));
    }
    assert.strictEqual(ws.transport, 'loop');
  });

  it('is read to its end though it does not fit the kernel', async (t) => {
    const wss = await listen(t, ours.WebSocketServer);
    const { socket, ws } = await openRaw(t, wss);
    const log = record(ws);

    for (const [count, size] of [
      [50_000, 64],
      [2000, 1500],
      [200, 20_000],
      [50, 100_000],
      [8, 600_000]
    ]) {
      log.numbers.length = 0;
      socket.write(numbered(count, size));
      await until(() => log.numbers.length === count);
      assert.deepStrictEqual(log.numbers, upTo(count));
    }
    assert.strictEqual(ws.transport, 'loop');
  });

  it('is handed out before FIN that came with it', async (t) => {
    const wss = await listen(t, ours.WebSocketServer);

    for (const [count, size] of [
      [0, 0],
      [1, 10],
      [1, 20_000],
      [10, 20_000],
      [1000, 64],
      [5, 100_000]
    ]) {
      const { socket, ws } = await openRaw(t, wss);
      const log = record(ws);

      assert.strictEqual(ws.transport, 'loop');
      // From here both reach the kernel before the event loop looks again.
      await new Promise((resolve) => setImmediate(resolve));
      socket.end(numbered(count, size));
      await until(() => log.closed.length === 1);
      assert.deepStrictEqual(log, { closed: [1006], numbers: upTo(count) });
    }
  });

  it('starves neither another connection nor timers', async (t) => {
    // What is written to these is there at once, however busy the machine is.
    const flood = await openUnix(t);
    const quiet = await openUnix(t);
    const numbers = [];
    const seen = {};

    quiet.ws.on('message', () => (seen.message = numbers.length));
    flood.ws.on('message', (data) => {
      if (numbers.push(parseInt(data, 10)) !== 1) return;

      quiet.socket.write(masked(TEXT, 'a'));
      setTimeout(() => (seen.timer = numbers.length), 1);
      // So that it is due in the next turn of the loop.
      for (const end = Date.now() + 3; Date.now() < end;);
    });
    flood.socket.write(numbered(1, 16_384));
    await until(() => numbers.length === 1);
    await until(() => seen.timer === 1 && seen.message === 1);
    numbers.length = 0;
    flood.socket.write(numbered(200, 16_384));
    await until(() => numbers.length === 200);
    assert.deepStrictEqual(numbers, upTo(200));
    assert.ok(seen.timer <= 5, `timer after ${seen.timer}`);
    // Behind two turns, each of at most four reads of four messages.
    assert.ok(seen.message <= 32, `message after ${seen.message}`);
  });
});

describe('A connection that a listener pauses', { skip }, () => {
  it('goes on with what the kernel has, in order, when resumed', async (t) => {
    const wss = await listen(t, ours.WebSocketServer);

    for (const [count, size] of [
      [10_000, 64],
      [40, 20_000],
      [20, 100_000]
    ]) {
      const { socket, ws } = await openRaw(t, wss);
      const log = record(ws);
      let pauses = 0;

      ws.on('message', () => {
        if (log.numbers.length % (count / 10) !== 1) return;

        ws.pause();
        pauses++;
        // Before anything else of the loop, in the next turn, and later.
        if (pauses % 3 === 0) process.nextTick(() => ws.resume());
        else if (pauses % 3 === 1) setImmediate(() => ws.resume());
        else setTimeout(() => ws.resume(), 5);
      });
      socket.write(numbered(count, size));
      await until(() => log.numbers.length === count);
      assert.deepStrictEqual(log.numbers, upTo(count));
      assert.strictEqual(pauses, 10);
    }
  });

  it('stays on loop if nothing has come until it is resumed', async (t) => {
    const wss = await listen(t, ours.WebSocketServer);
    const { socket, ws } = await openRaw(t, wss);
    const log = record(ws);

    ws.on('message', () => {
      // Where it was a moment before.
      assert.strictEqual(ws.transport, 'loop');
      ws.pause();
      setImmediate(() => ws.resume());
    });
    for (let i = 1; i <= 5; i++) {
      socket.write(masked(TEXT, `${i}`));
      await until(() => log.numbers.length === i && !ws.isPaused);
    }
    assert.deepStrictEqual(log.numbers, [1, 2, 3, 4, 5]);
  });

  it('has nothing handed out until it is resumed', async (t) => {
    const wss = await listen(t, ours.WebSocketServer);
    const { socket, ws } = await openRaw(t, wss);
    const log = record(ws);

    ws.on('message', () => {
      if (log.numbers.length === 1) ws.pause();
    });
    socket.write(numbered(100, 20_000));
    await until(() => log.numbers.length > 0);

    // The rest of what was read with the first is on its way already.
    const { length } = log.numbers;

    await turns(20);
    assert.ok(length <= 4, `${length} messages`);
    assert.strictEqual(log.numbers.length, length);
    ws.resume();
    await until(() => log.numbers.length === 100);
    assert.deepStrictEqual(log.numbers, upTo(100));
  });

  it('has nothing handed out that was read while one event waited for its turn', async (t) => {
    for (const { WebSocketServer } of [theirs, ours]) {
      const wss = await listen(t, WebSocketServer, {
        allowSynchronousEvents: false
      });
      const { socket, ws } = await openRaw(t, wss);
      const log = record(ws);

      ws.on('message', () => {
        if (log.numbers.length === 2) ws.pause();
      });
      socket.write(numbered(6, 20_000));
      await until(() => log.numbers.length >= 2);
      await turns(20);
      // What one read of 64 KiB gives.
      assert.ok(log.numbers.length <= 3, `${log.numbers}`);
      ws.resume();
      await until(() => log.numbers.length === 6);
      assert.deepStrictEqual(log.numbers, upTo(6));
    }
  });

  for (const [count, size] of [
    [3, 10],
    [10, 20_000],
    [300, 2000]
  ]) {
    it(`gets ${count} messages of ${size} bytes and FIN that come meanwhile`, async (t) => {
      const wss = await listen(t, ours.WebSocketServer);

      for (const delay of [0, 20]) {
        const { socket, ws } = await openRaw(t, wss);
        const log = record(ws);

        ws.once('message', () => {
          ws.pause();
          socket.end(numbered(count, size));
        });
        socket.write(masked(TEXT, '-1'));
        await until(() => log.numbers.length === 1);
        await turns(delay);
        assert.deepStrictEqual(log, { closed: [], numbers: [-1] });
        ws.resume();
        await until(() => log.closed.length === 1);
        assert.deepStrictEqual(log, {
          closed: [1006],
          numbers: [-1, ...upTo(count)]
        });
      }
    });
  }

  for (const [what, isRead] of [
    ['have come', false],
    ['were read ahead', true]
  ]) {
    it(`gets data that ${what} when RST comes, as far as it came`, async (t) => {
      const logs = [];

      // An RST right behind data is an end to libuv, sometimes, and a paused
      // connection of ws then says nothing of it.
      for (const { WebSocketServer } of isRead ? [theirs, ours] : [ours]) {
        const wss = await listen(t, WebSocketServer);
        const { socket, ws } = await openRaw(t, wss);
        const log = record(ws);
        const data = numbered(3, 10);
        const first = masked(TEXT, '-1');
        const before = ws._socket.bytesRead;

        ws.once('message', () => {
          ws.pause();
          socket.write(data, () => {
            if (!isRead) socket.resetAndDestroy();
          });
        });
        socket.write(first);
        if (isRead) {
          const total = before + first.length + data.length;

          await until(() => ws._socket.bytesRead === total);
          assert.deepStrictEqual(log.numbers, [-1]);
          socket.resetAndDestroy();
        }
        await until(() => log.closed.length === 1);
        logs.push(log);
      }
      for (const { closed, numbers } of logs) {
        const all = [-1, 0, 1, 2];

        assert.deepStrictEqual(closed, [1006]);
        // What the kernel still gives out after RST is its own affair.
        assert.deepStrictEqual(
          numbers,
          isRead ? all : all.slice(0, numbers.length)
        );
      }
    });
  }
});

describe('What comes before a connection is promoted', { skip }, () => {
  it('is told of though it came before anybody watched', async (t) => {
    const wss = await listen(t, ours.WebSocketServer);

    for (const [count, size] of [
      [1, 10],
      [3, 20_000]
    ]) {
      const raw = net.connect(wss.address().port, '127.0.0.1');

      t.after(() => raw.destroy());
      raw.resume().write(upgradeRequest());

      const [ws] = await once(wss, 'connection');
      const log = record(ws);

      // The first macrotask is not over, nor is the connection promoted.
      raw.write(numbered(count, size));
      await until(() => log.numbers.length === count);
      assert.deepStrictEqual(log.numbers, upTo(count));
    }
  });

  for (const [count, size] of [
    [0, 10],
    [3, 10],
    [20, 5000],
    [100, 5000]
  ]) {
    it(`is handed out: ${count} messages of ${size} bytes, and FIN`, async (t) => {
      const wss = await listen(t, ours.WebSocketServer);
      const recorded = new Promise((resolve) =>
        wss.once('connection', (ws) => resolve(record(ws)))
      );
      const raw = net.connect(wss.address().port, '127.0.0.1');

      t.after(() => raw.destroy());
      raw.resume().write(upgradeRequest());
      raw.end(numbered(count, size));

      const log = await recorded;

      await until(() => log.closed.length === 1);
      assert.deepStrictEqual(log, { closed: [1006], numbers: upTo(count) });
    });
  }
});

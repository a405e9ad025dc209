'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { Worker } = require('node:worker_threads');

const WebSocket = require('../..');
const { turns, until } = require('../support/loop');
const { openThreaded, skipThreads: skip } = require('../support/threads');

/** A client on another thread, which pings and says how many pongs have come. */
const CLIENT = `
const { parentPort, workerData } = require('node:worker_threads');
const WebSocket = require('.');
const ws = new WebSocket(workerData.url);
const got = [];

ws.on('open', () => parentPort.postMessage('open'));
ws.on('message', (data) => got.push(String(data)));
ws.on('pong', (data) => {
  got.push('pong ' + data);
  Atomics.add(workerData.count, 0, 1);
  Atomics.notify(workerData.count, 0);
});
ws.on('close', (code) => parentPort.postMessage({ code, got }));
parentPort.on('message', (list) => {
  for (const [method, ...args] of list) ws[method](...args);
});
`;

async function openWorker(t, wss) {
  const count = new Int32Array(new SharedArrayBuffer(4));
  const connected = once(wss, 'connection');
  const worker = new Worker(CLIENT, {
    eval: true,
    workerData: { count, url: `ws://127.0.0.1:${wss.address().port}` }
  });

  t.after(() => worker.terminate());

  const opened = once(worker, 'message');
  const [peer] = await connected;

  await opened;
  return { count, peer, worker };
}

/** Runs no JavaScript here until the client has so many pongs, or none come. */
function block(count, goal, patience) {
  for (const end = Date.now() + patience; Date.now() < end;) {
    const now = Atomics.load(count, 0);

    if (now >= goal) return now;
    Atomics.wait(count, 0, now, 50);
  }
  return Atomics.load(count, 0);
}

describe('Pings on an I/O thread', { skip }, () => {
  it('are answered while JavaScript is busy, once each', async (t) => {
    const { wss } = await openThreaded(t, 0);
    const { count, peer, worker } = await openWorker(t, wss);
    const log = [];

    peer.on('ping', (data) => log.push(`ping ${data}`));
    peer.on('message', (data) => {
      log.push(`${data}`);
      peer.send(data);
    });
    worker.postMessage([
      ['send', 'before'],
      ['ping', 'one'],
      ['send', 'between'],
      ['ping', 'two'],
      ['ping', '']
    ]);
    assert.strictEqual(block(count, 3, 30_000), 3);
    assert.deepStrictEqual(log, []);
    await until(() => log.length === 5);
    assert.deepStrictEqual(log, [
      'before',
      'ping one',
      'between',
      'ping two',
      'ping '
    ]);
    await turns();

    const closed = once(worker, 'message');

    peer.close(4000);

    const [{ code, got }] = await closed;

    assert.strictEqual(code, 4000);
    assert.deepStrictEqual(got, [
      'pong one',
      'pong two',
      'pong ',
      'before',
      'between'
    ]);
  });

  for (const [what, options, prepare, onConnection = () => {}] of [
    ['autoPong is false', { autoPong: false }, () => {}],
    [
      'the class has a pong() of its own',
      {
        WebSocket: class extends WebSocket {
          pong(...args) {
            return super.pong(...args);
          }
        }
      },
      () => {}
    ],
    [
      'the program gives the connection a pong() in its listener',
      {},
      () => {},
      (ws) => {
        ws.pong = (...args) => WebSocket.prototype.pong.apply(ws, args);
      }
    ],
    [
      'it gives its sender a sendFrame() there',
      {},
      () => {},
      (ws) => {
        const sender = ws._sender;
        const { sendFrame } = sender;

        sender.sendFrame = (...args) => sendFrame.apply(sender, args);
      }
    ],
    ['the connection is closing', {}, (peer) => peer.close()],
    ['it is paused', {}, (peer) => peer.pause()],
    ['the program writes to the socket', {}, (peer) => peer._socket.write('')]
  ]) {
    it(`are not answered there if ${what}`, async (t) => {
      const { wss } = await openThreaded(t, 0, options);

      wss.on('connection', onConnection);

      const { count, peer, worker } = await openWorker(t, wss);

      prepare(peer);
      worker.postMessage([['ping', 'x']]);
      assert.strictEqual(block(count, 1, 300), 0);
    });
  }

  it('are left to a pong() that comes later, from the second on', async (t) => {
    const { pairs } = await openThreaded(t, 1);
    const [{ client, peer }] = pairs;
    const seen = [];

    peer.pong = (data, ...args) => {
      seen.push(String(data));
      WebSocket.prototype.pong.call(peer, data, ...args);
    };
    for (const data of ['first', 'second', 'third']) {
      client.ping(data);
      assert.deepStrictEqual(await once(client, 'pong'), [Buffer.from(data)]);
      // The server hears of it later than the client of the answer.
      await turns(20);
    }
    assert.strictEqual(peer.transport, 'threads');
    assert.deepStrictEqual(seen, ['second', 'third']);
  });

  it('that come behind one that JavaScript has to answer wait for that', async (t) => {
    const { pairs } = await openThreaded(t, 1);
    const [{ client, peer }] = pairs;
    const pongs = [];

    client.on('pong', (data) => pongs.push(String(data)));
    peer.pause();
    client.ping('paused');
    await turns(20);
    peer.resume();
    for (let i = 0; i < 20; i++) client.ping(`${i}`);
    await until(() => pongs.length === 21);
    assert.deepStrictEqual(pongs, [
      'paused',
      ...Array.from({ length: 20 }, (_, i) => `${i}`)
    ]);
  });

  it('are each answered once in traffic, whoever does it', async (t) => {
    const { pairs } = await openThreaded(t, 4, { ioThreads: 2 });
    const checks = pairs.map(({ client, peer }) => {
      const check = { messages: 0, pongs: [] };

      client.on('pong', (data) => check.pongs.push(Number(data)));
      client.on('message', () => check.messages++);
      peer.on('message', (data) => peer.send(data));
      return check;
    });

    for (let i = 0; i < 300; i++) {
      for (const { client } of pairs) {
        client.send(Buffer.alloc((i * 997) % 40_000));
        client.ping(`${i}`);
      }
      if (i % 10 === 0) await turns(1);
    }

    await until(() =>
      checks.every(
        ({ messages, pongs }) => messages === 300 && pongs.length >= 300
      )
    );
    await turns(20);
    for (const { pongs } of checks) {
      assert.deepStrictEqual(
        pongs,
        Array.from({ length: 300 }, (_, i) => i)
      );
    }
  });

  it('are answered once each when a connection goes back to Node', async (t) => {
    const { pairs } = await openThreaded(t, 4);
    const pongs = pairs.map(({ client, peer }, n) => {
      const list = [];
      let count = 0;

      client.on('pong', (data) => list.push(Number(data)));
      peer.on('message', () => {
        if (++count === 20 * (n + 1)) peer._socket.on('data', () => {});
      });
      return list;
    });

    for (let i = 0; i < 200; i++) {
      for (const { client } of pairs) {
        client.send(Buffer.alloc(2000));
        client.ping(`${i}`);
      }
    }

    await until(() => pongs.every((list) => list.length >= 200));
    await turns(20);
    for (const list of pongs) {
      assert.deepStrictEqual(
        list,
        Array.from({ length: 200 }, (_, i) => i)
      );
    }
    for (const { peer } of pairs) assert.strictEqual(peer.transport, 'stream');
  });
});

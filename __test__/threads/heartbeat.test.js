'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');

const WebSocket = require('../..');
const { kOutput } = require('../../lib/members');
const { kLight } = require('../../lib/wire/materialize');
const { until } = require('../support/loop');
const { SLOWNESS } = require('../support/machine');
const { serveTls } = require('../support/own-tls');
const { evaluate } = require('../support/programs');
const { openThreaded, skipThreads: skip } = require('../support/threads');

/** A test that blocks JavaScript needs peers of another thread. */
const PEER = `
const net = require('node:net');
const tls = require('node:tls');
const { parentPort, workerData } = require('node:worker_threads');
const { FrameReader, frame, MASK, PING, PONG, CLOSE } = require('./__test__/support/frames');
const { readHead, upgradeRequest } = require('./__test__/support/raw-http');

const { answers, isTls, port } = workerData;
const at = { host: '127.0.0.1', port, rejectUnauthorized: false };
const socket = isTls ? tls.connect(at) : net.connect(at);
const log = [];
let left = answers;

function note(what) {
  log.push([what, Date.now()]);
  parentPort.postMessage(log);
}

socket.on('error', () => {});
socket.write(upgradeRequest());
readHead(socket).then(({ rest }) => {
  const reader = new FrameReader();
  const take = (chunk) => {
    for (const { opcode, payload } of reader.push(chunk)) {
      note(opcode === PING ? 'ping' : opcode === CLOSE ? 'close' : 'frame');
      if (opcode === PING && left-- > 0) {
        socket.write(frame(PONG, payload, { mask: MASK }));
      }
    }
  };

  socket.on('data', take);
  socket.on('end', () => note('end'));
  take(rest);
  socket.resume();
  parentPort.on('message', (count) => {
    const message = frame(2, Buffer.alloc(60000), { mask: MASK });

    for (let i = 0; i < count; i++) socket.write(message);
  });
  note('open');
});
`;

/** Who answers is asked often, and has time: the machine may be busy. */
const PATIENT = { interval: 50 * SLOWNESS, timeout: 600_000 };
const SHORT = { interval: 40 * SLOWNESS, timeout: 250 * SLOWNESS };
/** Time for pings, their answers and the end of who gives none, in milliseconds. */
const A_WHILE = 1500 * SLOWNESS;

/** Servers with an I/O thread. */
const OPENERS = {
  TCP: (t, options) => openThreaded(t, 0, options),
  TLS: (t, options) => serveTls(t, {}, { ioThreads: 1, ...options })
};

/** Starts a peer that answers so many pings. */
async function startPeer(t, wss, answers) {
  const connected = once(wss, 'connection');
  const worker = new Worker(PEER, {
    eval: true,
    workerData: {
      answers,
      isTls: Boolean(wss.options.tls),
      port: wss.address().port
    }
  });
  const peer = { log: [], send: (count) => worker.postMessage(count) };

  t.after(() => worker.terminate());
  worker.on('message', (log) => {
    peer.log = log;
  });
  peer.times = (what) =>
    peer.log.filter(([it]) => it === what).map(([, time]) => time);

  const [ws] = await connected;

  peer.ws = ws;
  peer.closes = [];
  ws.on('error', (err) => assert.fail(err));
  ws.on('close', (code) => peer.closes.push(code));
  await until(() => peer.times('open').length === 1);
  return peer;
}

/** Runs no JavaScript here for a while. */
function block(ms) {
  const from = Date.now();

  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return { from, to: Date.now() };
}

const within = (times, { from, to }) =>
  times.filter((time) => time >= from && time <= to);

describe('A heartbeat on an I/O thread', { skip }, () => {
  for (const [how, open] of Object.entries(OPENERS)) {
    it(`goes on while JavaScript is blocked, and leaves the connection light, over ${how}`, async (t) => {
      const { wss } = await open(t, { heartbeat: PATIENT });
      const peer = await startPeer(t, wss, Infinity);

      peer.ws.removeAllListeners();

      const blocked = block(12 * PATIENT.interval);

      await until(() => within(peer.times('ping'), blocked).length >= 4);
      // It is heard at once, and looked for a quarter later.
      assert.ok(within(peer.times('ping'), blocked).length <= 12);
      assert.strictEqual(peer.ws.readyState, WebSocket.OPEN);
      assert.ok(peer.ws._socket[kLight]);
      assert.strictEqual(peer.ws[kOutput], null);

      const pings = peer.times('ping').length;
      const { received, sent } = wss.metrics();

      assert.ok(received.wireBytes >= 12 * (pings - 1), 'pongs are counted');
      assert.ok(sent.wireBytes >= 8 * pings, 'pings are counted');
      assert.strictEqual(received.wireBytes % 12, 0);
      assert.strictEqual(peer.ws._socket.bytesRead > received.wireBytes, true);
    });

    it(`ends a dead peer while JavaScript is blocked, once, over ${how}`, async (t) => {
      const { wss } = await open(t, { heartbeat: SHORT });
      const peer = await startPeer(t, wss, 2);
      const blocked = block(A_WHILE);

      assert.deepStrictEqual(peer.closes, []);
      await until(() => peer.closes.length === 1);
      await until(() => peer.times('end').length === 1);
      assert.strictEqual(within(peer.times('end'), blocked).length, 1);
      // The last one was not answered.
      assert.strictEqual(peer.times('ping').length, 3);
      assert.strictEqual(peer.times('close').length, 0);

      await sleep(2 * SHORT.timeout);
      assert.deepStrictEqual(peer.closes, [1006]);
      assert.strictEqual(wss.metrics().heartbeatsMissed, 1);
      assert.strictEqual(wss.clients.size, 0);
    });
  }

  it('is in time while JavaScript is busy half of the time', async (t) => {
    const interval = 100 * SLOWNESS;
    const { wss } = await openThreaded(t, 0, {
      heartbeat: { interval, timeout: 600_000 }
    });
    const peer = await startPeer(t, wss, Infinity);
    const from = Date.now();

    while (peer.times('ping').length < 8) {
      block(10);
      await sleep(10);
    }

    // An interval, a quarter of it until a look shows that the pong came, and
    // two moments of a sixteenth; and what a busy machine takes.
    const most = interval * 1.6 + 150 * SLOWNESS;
    const times = [from, ...peer.times('ping')];

    for (let i = 1; i < times.length; i++) {
      assert.ok(times[i] - times[i - 1] <= most, `${times}`);
    }
  });

  it('hands out what came before a dead peer was ended, and fails what is sent', async (t) => {
    const { wss } = await openThreaded(t, 0, { heartbeat: SHORT });
    const peer = await startPeer(t, wss, 0);
    let count = 0;
    let error = null;

    peer.ws.on('message', () => count++);
    peer.send(2);
    block(A_WHILE);
    peer.ws.send('late', (err) => {
      error = err;
    });
    await until(() => peer.closes.length === 1);
    assert.strictEqual(count, 2);
    assert.ok(error instanceof Error);
    assert.deepStrictEqual(peer.closes, [1006]);
  });

  it('rests while the connection is paused', async (t) => {
    const { wss } = await openThreaded(t, 0, { heartbeat: SHORT });
    const peer = await startPeer(t, wss, 0);

    peer.ws.pause();
    await sleep(A_WHILE);
    // One may have been under way.
    assert.ok(peer.times('ping').length <= 1);
    assert.strictEqual(peer.ws.readyState, WebSocket.OPEN);
    peer.ws.resume();
    await until(() => peer.closes.length === 1);
    assert.ok(peer.times('ping').length >= 1);
  });

  it('rests while nobody takes what was read ahead', async (t) => {
    const { wss } = await openThreaded(t, 0, { heartbeat: SHORT });
    const peer = await startPeer(t, wss, Infinity);
    const total = 100;
    let count = 0;

    peer.ws.on('message', () => count++);
    peer.send(total);
    block(A_WHILE);
    await until(() => count === total);
    assert.strictEqual(peer.ws.readyState, WebSocket.OPEN);
  });

  it('goes where the connection goes', async (t) => {
    const { wss } = await openThreaded(t, 0, { heartbeat: PATIENT });
    const peer = await startPeer(t, wss, Infinity);
    const more = async () => {
      const { length } = peer.times('ping');

      await until(() => peer.times('ping').length >= length + 3);
    };
    const ignore = () => {};

    peer.ws.on('pong', () => assert.fail('it is no pong for the program'));
    assert.strictEqual(peer.ws.transport, 'threads');
    await more();
    peer.ws._socket.on('data', ignore);
    assert.strictEqual(peer.ws.transport, 'stream');
    await more();
    peer.ws._socket.removeListener('data', ignore);
    await more();
    block(8 * PATIENT.interval);
    await more();
  });

  it('is found dead on whatever transport it is', async (t) => {
    const { wss } = await openThreaded(t, 0, { heartbeat: SHORT });
    const peer = await startPeer(t, wss, 2);

    await until(() => peer.times('ping').length === 1);
    peer.ws._socket.on('data', () => {});
    assert.strictEqual(peer.ws.transport, 'stream');
    await until(() => peer.closes.length === 1);
    assert.deepStrictEqual(peer.closes, [1006]);
    assert.strictEqual(wss.metrics().heartbeatsMissed, 1);
  });

  it('counts as missed where its socket is given to Node in the meantime', async (t) => {
    const { wss } = await openThreaded(t, 0, { heartbeat: SHORT });
    const peer = await startPeer(t, wss, 0);
    let count = 0;

    peer.ws.on('message', () => count++);
    peer.send(1);
    block(A_WHILE);
    // The thread has ended it, and nobody has heard of that.
    peer.ws._socket.on('data', () => {});
    await until(() => peer.closes.length === 1);
    assert.deepStrictEqual(peer.closes, [1006]);
    assert.strictEqual(count, 1);
    assert.strictEqual(wss.metrics().heartbeatsMissed, 1);
  });

  for (const answers of [Infinity, 2]) {
    it(`is that of connections that Node has accepted, too: ${answers} pings are answered`, async (t) => {
      const heartbeat = answers === 2 ? SHORT : PATIENT;
      const wss = new WebSocket.Server({
        heartbeat,
        ioThreads: 1,
        noServer: true
      });
      const server = http.createServer();

      wss.address = () => server.address();
      server.on('connection', () => {});
      server.on('upgrade', (request, socket, head) => {
        wss.handleUpgrade(request, socket, head, (ws) => {
          wss.emit('connection', ws, request);
        });
      });
      server.listen(0, '127.0.0.1');
      t.after(() => {
        for (const ws of wss.clients) ws.terminate();
        server.close();
      });
      await once(server, 'listening');

      const peer = await startPeer(t, wss, answers);

      await until(() => peer.ws.transport === 'threads');
      peer.ws.on('pong', () => assert.fail('it is no pong for the program'));

      const blocked = block(A_WHILE);

      await until(
        () =>
          peer.log.at(-1)[1] >= blocked.to - A_WHILE / 2 ||
          peer.closes.length > 0
      );
      assert.ok(within(peer.times('ping'), blocked).length >= 1);

      if (answers === 2) {
        await until(() => peer.closes.length === 1);
        assert.strictEqual(within(peer.times('end'), blocked).length, 1);
        assert.deepStrictEqual(peer.closes, [1006]);
      } else {
        assert.strictEqual(peer.ws.readyState, WebSocket.OPEN);
      }
    });
  }

  it('asks nothing once a closing handshake has begun', async (t) => {
    const { wss } = await openThreaded(t, 0, { heartbeat: PATIENT });
    const peer = await startPeer(t, wss, Infinity);

    await until(() => peer.times('ping').length >= 1);
    peer.ws.close(4000);
    block(8 * PATIENT.interval);
    await until(() => peer.times('close').length === 1);

    const [closed] = peer.times('close');

    assert.ok(peer.times('ping').every((time) => time <= closed));
    assert.strictEqual(wss.metrics().heartbeatsMissed, 0);
    assert.strictEqual(peer.ws.readyState, WebSocket.CLOSING);
    peer.ws.terminate();
    await until(() => peer.closes.length === 1);
  });

  it('ends a connection whose terminate() throws', async () => {
    const seen = await evaluate(async () => {
      const errors = [];

      process.on('uncaughtException', ({ message }) => errors.push(message));

      class Fragile extends WebSocket {
        terminate() {
          throw new Error('as a program does');
        }
      }

      const wss = new WebSocket.Server({
        heartbeat: { interval: 20, timeout: 20 },
        host: '127.0.0.1',
        ioThreads: 1,
        port: 0,
        WebSocket: Fragile
      });

      await once(wss, 'listening');

      const url = `ws://127.0.0.1:${wss.address().port}`;
      const client = new WebSocket(url, { autoPong: false });
      const [ws] = await once(wss, 'connection');
      const [code] = await once(ws, 'close');

      client.terminate();
      wss.close();
      console.log(JSON.stringify({ code, errors }));
    });

    assert.deepStrictEqual(seen, {
      code: 1006,
      errors: ['as a program does']
    });
  });

  it('ends with its worker', async (t) => {
    const SERVER = `
      const { parentPort } = require('node:worker_threads');
      const WebSocket = require('.');
      const wss = new WebSocket.Server({
        heartbeat: { interval: 20, timeout: 20000 }, host: '127.0.0.1', ioThreads: 2, port: 0
      });
      wss.on('listening', () => parentPort.postMessage(wss.address().port));
    `;

    for (let round = 0; round < 5; round++) {
      const worker = new Worker(SERVER, { eval: true });
      const [port] = await once(worker, 'message');
      const clients = [];

      for (let i = 0; i < 6; i++) {
        const client = new WebSocket(`ws://127.0.0.1:${port}`);

        t.after(() => client.terminate());
        client.on('error', () => {});
        await once(client, 'open');
        clients.push(client);
      }

      await Promise.all(clients.map((client) => once(client, 'ping')));

      const closed = Promise.all(
        clients.map((client) => once(client, 'close'))
      );

      await worker.terminate();
      await closed;
    }
  });
});

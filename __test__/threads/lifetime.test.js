'use strict';

/* global once, serve -- the programs begin with them */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { kConnection } = require('../../lib/members');
const native = require('../../lib/native');
const { until } = require('../support/loop');
const { inbox } = require('../support/peers');
const { evaluate, runProgram } = require('../support/programs');
const { openThreaded, skipThreads: skip } = require('../support/threads');

/** A worker whose server has threads, in traffic with clients of its own. */
const BUSY = `
const { parentPort, threadId } = require('node:worker_threads');
const { WebSocket, WebSocketServer } = require('.');
const { selfSigned } = require('./examples/self-signed');
const wss = new WebSocketServer({
  host: '127.0.0.1',
  ioThreads: 2,
  perMessageDeflate: threadId % 2 === 0 && { threshold: 0 },
  port: 0,
  ...(threadId % 4 > 1 && { tls: selfSigned() })
});
const scheme = threadId % 4 > 1 ? 'wss' : 'ws';

wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
wss.on('listening', () => {
  for (let i = 0; i < 4; i++) {
    const ws = new WebSocket(scheme + '://127.0.0.1:' + wss.address().port, {
      rejectUnauthorized: false
    });

    ws.on('open', () => {
      for (const size of [1, 125, 20_000, 300_000]) ws.send(Buffer.alloc(size));
    });
    ws.on('message', (data) => {
      const onThreads = [...wss.clients].every((c) => c.transport === 'threads');

      parentPort.postMessage(onThreads);
      ws.send(data);
    });
  }
});
`;

describe('A panic on an I/O thread', { skip }, () => {
  it('ends its connections with an error, and no others', async (t) => {
    const { pairs, wss } = await openThreaded(t, 4, { ioThreads: 2 });
    const takers = pairs.map(({ peer }) => inbox(peer));
    const log = [];

    // Connections go to the threads by turns.
    for (const i of [0, 2]) {
      const { peer } = pairs[i];

      peer.on('error', (err) => log.push(err.message));
      peer.on('close', (code) => log.push(code));
    }

    native.threadPanic(pairs[0].peer[kConnection].decoder.id);
    await until(() => log.length === 4);
    for (const entry of log) {
      if (entry !== 1006) assert.match(entry, /its I\/O thread panicked$/);
    }
    assert.strictEqual(log.filter((entry) => entry === 1006).length, 2);

    for (const i of [1, 3]) {
      pairs[i].client.send('still here');
      assert.strictEqual(String(await takers[i](1)), 'still here');
    }

    // The thread has been replaced.
    const more = await openThreaded(t, 2, { ioThreads: 2 });

    for (const { client, peer } of more.pairs) {
      const take = inbox(peer);

      client.send('new');
      assert.strictEqual(String(await take(1)), 'new');
      assert.strictEqual(peer.transport, 'threads');
    }
    assert.strictEqual(wss.clients.size, 2);
  });
});

describe('The end of a process with I/O threads', { skip }, () => {
  for (const [how, main] of [
    ['process.exit() in a listener', 'process.exit()'],
    ['an exception', "throw new Error('on purpose')"],
    ['a signal', "process.kill(process.pid, 'SIGKILL')"]
  ]) {
    it(`comes behind what was sent: ${how}`, async (t) => {
      const source = `
        const wss = await serve({ ioThreads: 1 });

        wss.on('connection', (ws) => ws.on('message', () => {
          ws.send('goodbye');
          ws.send(Buffer.alloc(20000));
          ${main};
        }));
        console.log(wss.url);`;
      const { spawn } = require('node:child_process');
      const { PRELUDE, ROOT } = require('../support/programs');
      const child = spawn(
        process.execPath,
        ['-e', `${PRELUDE};(async () => {${source}})()`],
        { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] }
      );
      const Client = require('../..');
      const [url] = await require('node:events').once(child.stdout, 'data');
      const ws = new Client(String(url).trim());
      const got = [];

      t.after(() => child.kill());
      ws.on('error', () => {});
      ws.on('open', () => ws.send('x'));
      ws.on('message', (data) => got.push(data.length));
      await require('node:events').once(ws, 'close');
      assert.deepStrictEqual(got, [7, 20000]);
    });
  }

  it('comes by itself when nothing is left to do', async () => {
    const { code } = await runProgram(async () => {
      const wss = await serve({ ioThreads: 2 });
      const ws = new WebSocket(wss.url);

      await once(ws, 'open');
      ws.close();
      await once(ws, 'close');
      wss.close();
    });

    assert.strictEqual(code, 0);
  });

  it('comes by itself when the only connections are not referenced', async () => {
    const { code } = await runProgram(async () => {
      const wss = await serve({ ioThreads: 1 });
      const [client, [peer]] = await Promise.all([
        new WebSocket(wss.url),
        once(wss, 'connection')
      ]);

      await once(client, 'open');
      client.send('x');
      await once(peer, 'message');
      client._socket.unref();
      peer._socket.unref();
      wss._server.unref();
    });

    assert.strictEqual(code, 0);
  });
});

describe('Worker threads with I/O threads', { skip }, () => {
  it('can be terminated at any moment, 50 times', async () => {
    const { ended, onThreads } = await evaluate(
      async (busy) => {
        const { Worker } = require('node:worker_threads');
        let ended = 0;
        let onThreads = 0;

        async function run(moment) {
          const worker = new Worker(busy, { eval: true });
          let last = false;

          worker.on('error', (err) => {
            throw err;
          });
          worker.on('message', (message) => (last = message));
          if (moment % 2 === 0) await once(worker, 'message');
          await new Promise((resolve) => setTimeout(resolve, moment));
          await worker.terminate();
          ended++;
          if (last) onThreads++;
        }

        for (let i = 0; i < 25; i++) await Promise.all([run(2 * i), run(i)]);
        console.log(JSON.stringify({ ended, onThreads }));
      },
      { argument: BUSY }
    );

    assert.strictEqual(ended, 50);
    assert.ok(onThreads > 10, `${onThreads} were on threads`);
  });
});

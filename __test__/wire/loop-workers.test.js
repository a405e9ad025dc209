'use strict';

/* global once, serve -- the programs begin with them */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { skip } = require('../support/loop');
const { evaluate } = require('../support/programs');

/**
 * A worker with a server and clients that send each other messages of all
 * sizes, and reports the number of each and how many connections are on loop.
 */
const BUSY = `
const { parentPort } = require('node:worker_threads');
const { WebSocket, WebSocketServer } = require('.');
const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
const sizes = [0, 1, 125, 126, 5000, 20_000, 65_536, 100_000, 1 << 20];
const clients = [];
let count = 0;

wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
wss.on('listening', () => {
  for (let i = 0; i < 6; i++) {
    const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);

    clients.push(ws);
    ws.on('open', () => {
      for (const size of sizes) ws.send(Buffer.alloc(size, i));
    });
    ws.on('message', (data) => {
      for (const n of [0, data.length >> 1, data.length - 1]) {
        if (data.length > 0 && data[n] !== i) throw new Error('Not mine');
      }
      const onLoop = clients.filter((c) => c.transport === 'loop').length;

      parentPort.postMessage({ count: ++count, onLoop });
      ws.send(data);
    });
  }
});
`;

describe('Worker threads with connections on loop', { skip }, () => {
  it('can be terminated at any moment, 30 times', async () => {
    const { ended, onLoop } = await evaluate(
      async (busy) => {
        const { Worker } = require('node:worker_threads');
        let ended = 0;
        let onLoop = 0;

        for (let i = 0; i < 30; i++) {
          const worker = new Worker(busy, { eval: true });
          const moment = 2 * i;
          let last = null;

          worker.on('error', (err) => {
            throw err;
          });
          worker.on('message', (message) => (last = message));
          while ((last?.count ?? 0) < moment) await once(worker, 'message');
          // The last one when all of its connections are there.
          while (i === 29 && last.onLoop < 6) await once(worker, 'message');
          if (i === 0) await once(worker, 'online');
          await worker.terminate();
          onLoop = Math.max(onLoop, last?.onLoop ?? 0);
          ended++;
        }

        console.log(JSON.stringify({ ended, onLoop }));
      },
      { argument: BUSY }
    );

    assert.deepStrictEqual({ ended, onLoop }, { ended: 30, onLoop: 6 });
  });

  it('leave no descriptor behind when they are terminated', async (t) => {
    if (process.platform !== 'linux') {
      t.skip('descriptors are counted in /proc');
      return;
    }

    const left = await evaluate(
      async (busy) => {
        const fs = require('node:fs');
        const { Worker } = require('node:worker_threads');
        const counts = [];

        for (let i = 0; i < 12; i++) {
          const worker = new Worker(busy, { eval: true });

          for (let n = 0; n < 20; n++) await once(worker, 'message');
          await worker.terminate();
          counts.push(fs.readdirSync('/proc/self/fd').length);
        }

        console.log(JSON.stringify(counts.at(-1) - counts[1]));
      },
      { argument: BUSY }
    );

    assert.ok(left <= 0, `${left} descriptors of 10 workers`);
  });

  it('each read their own clients, beside the main thread', async () => {
    const counts = await evaluate(
      async (busy) => {
        const { Worker } = require('node:worker_threads');
        const workers = [1, 2].map(() => new Worker(busy, { eval: true }));
        const wss = await serve();
        const ws = new WebSocket(wss.url);
        let own = 0;

        wss.on('connection', (peer) => {
          peer.on('message', (data) => peer.send(data));
        });
        ws.on('open', () => ws.send(Buffer.alloc(5000)));
        ws.on('message', (data) => {
          own++;
          ws.send(data);
        });

        const counts = await Promise.all(
          workers.map(
            (worker) =>
              new Promise((resolve, reject) => {
                worker.on('error', reject);
                worker.on('message', ({ count, onLoop }) => {
                  // One that opens late has few messages by then.
                  if (count >= 300 && own >= 300 && onLoop === 6) {
                    resolve(onLoop);
                  }
                });
              })
          )
        );

        const transport = ws.transport;

        for (const worker of workers) await worker.terminate();
        ws.terminate();
        wss.close();
        console.log(JSON.stringify([...counts, transport]));
      },
      { argument: BUSY }
    );

    assert.deepStrictEqual(counts, [6, 6, 'loop']);
  });
});

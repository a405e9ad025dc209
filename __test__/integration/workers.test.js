'use strict';

/* global once, serve -- the programs begin with them */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { evaluate } = require('../support/programs');

/**
 * What the programs share: the source of a worker with a server and clients
 * that exchange messages, some of them compressed on threads of the addon.
 */
const BUSY = `
const { once } = require('node:events');
const { parentPort } = require('node:worker_threads');
const { WebSocket, WebSocketServer } = require('.');

const wss = new WebSocketServer({
  host: '127.0.0.1',
  perMessageDeflate: { threshold: 0 },
  port: 0
});
const large = require('node:crypto').randomBytes(150_000).toString('latin1');
let count = 0;

wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
wss.on('listening', () => {
  for (let i = 0; i < 4; i++) {
    const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);

    ws.on('open', () => {
      ws.send(large);
      ws.send('small');
    });
    ws.on('message', (data) => {
      count++;
      parentPort.postMessage(count);
      ws.send(data);
    });
  }
});
`;

describe('Worker threads', () => {
  it('can be terminated at any moment of the traffic', async () => {
    const ended = await evaluate(
      async (busy) => {
        const { Worker } = require('node:worker_threads');
        let ended = 0;

        for (let i = 0; i < 20; i++) {
          const worker = new Worker(busy, { eval: true });

          // From before the first connection on to the middle of the traffic.
          for (let n = 0; n < i; n++) await once(worker, 'message');
          if (i === 0) await once(worker, 'online');
          await worker.terminate();
          ended++;
        }

        console.log(JSON.stringify(ended));
      },
      { argument: BUSY }
    );

    assert.strictEqual(ended, 20);
  });

  it('share the addon with each other and with the main thread', async () => {
    const counts = await evaluate(
      async (busy) => {
        const { Worker } = require('node:worker_threads');
        const wss = await serve({ perMessageDeflate: { threshold: 0 } });
        const workers = [1, 2, 3].map(() => new Worker(busy, { eval: true }));
        const progress = workers.map(
          (worker) =>
            new Promise((resolve, reject) => {
              worker.on('error', reject);
              worker.on('message', (count) => {
                if (count >= 50) resolve(count);
              });
            })
        );
        const ws = new WebSocket(wss.url);
        let rounds = 0;

        wss.on('connection', (peer) => {
          peer.on('message', (data) => peer.send(data));
        });
        ws.on('open', () => ws.send('a'.repeat(50_000)));
        progress.push(
          new Promise((resolve) => {
            ws.on('message', (data) => {
              if (++rounds === 50) resolve(rounds);
              else ws.send(data);
            });
          })
        );

        const counts = await Promise.all(progress);

        for (const worker of workers) await worker.terminate();

        // The main thread goes on as before.
        ws.send('last');
        await once(ws, 'message');
        ws.terminate();
        wss.close();
        console.log(JSON.stringify(counts));
      },
      { argument: BUSY }
    );

    assert.strictEqual(counts.length, 4);
    for (const count of counts) assert.ok(count >= 50);
  });

  it('end by themselves, and exit while messages are compressed', async () => {
    const codes = await evaluate(async () => {
      const { Worker } = require('node:worker_threads');
      const sources = [
        // Closes everything.
        `const { WebSocket, WebSocketServer } = require('.');
        const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
        wss.on('listening', () => {
          const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);
          ws.on('open', () => ws.close());
          ws.on('close', () => wss.close());
        });`,
        // Exits with a job on another thread.
        `const { PerMessageDeflate } = require('.');
        const pmd = new PerMessageDeflate();
        pmd.accept([{}]);
        pmd.compress(Buffer.alloc(16 << 20, 'a'), true, () => {});
        process.exit(7);`
      ];
      const codes = [];

      for (let i = 0; i < 10; i++) {
        const worker = new Worker(sources[i % 2], { eval: true });

        codes.push((await once(worker, 'exit'))[0]);
      }

      console.log(JSON.stringify(codes));
    });

    assert.deepStrictEqual(codes, [0, 7, 0, 7, 0, 7, 0, 7, 0, 7]);
  });

  it('load the addon again after all others are gone', async () => {
    const results = await evaluate(async () => {
      const { Worker } = require('node:worker_threads');
      const results = [];

      for (let i = 0; i < 10; i++) {
        const worker = new Worker(
          `const { Receiver } = require('.');
          const receiver = new Receiver();
          receiver.on('message', (data) => {
            require('node:worker_threads').parentPort.postMessage(String(data));
          });
          receiver.write(Buffer.from('810161', 'hex'));`,
          { eval: true }
        );

        results.push((await once(worker, 'message'))[0]);
        await worker.terminate();
      }

      console.log(JSON.stringify(results));
    });

    assert.deepStrictEqual(results, Array(10).fill('a'));
  });
});

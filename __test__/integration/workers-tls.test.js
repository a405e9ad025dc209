'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { evaluate } = require('../support/programs');

/* global once, WebSocketServer -- what programs.js begins programs with */

/** What a worker runs: it sends to each of four clients, and says so at once. */
const WORKER = `
const https = require('node:https');
const { parentPort, workerData } = require('node:worker_threads');
const { WebSocketServer } = require(require('node:path').resolve(
  process.env.WS_RS_TEST_IMPLEMENTATION || '.'
));
const { identity, kind } = workerData;
const server = kind === 'https' ? https.createServer(identity) : undefined;
const wss = new WebSocketServer(
  server ? { server } : { port: 0, tls: identity, ioThreads: kind }
);

wss.on('connection', () => {
  if (wss.clients.size < 4) return;

  setImmediate(() => {
    for (const ws of wss.clients) {
      for (let i = 0; i < 5; i++) ws.send(Buffer.alloc(i * 20_000), () => {});
    }
    parentPort.postMessage(0);
  });
});
if (server) server.listen(0);
(server ?? wss).on('listening', () => {
  parentPort.postMessage((server ?? wss).address().port);
});
`;

describe('A worker with connections over TLS', () => {
  for (const kind of ['https', 0, 1]) {
    const name = kind === 'https' ? 'Node' : `ours, with ${kind} I/O threads`;

    it(`is terminated right behind send(), and others go on (TLS is of ${name})`, async () => {
      const main = async ({ kind, source }) => {
        const { Worker } = require('node:worker_threads');
        const identity = require('./examples/self-signed').selfSigned();
        const connect = async (port) => {
          const ws = new WebSocket(`wss://127.0.0.1:${port}`, {
            rejectUnauthorized: false
          });

          ws.on('error', () => {});
          await once(ws, 'open');
          return ws;
        };
        const wss = new WebSocketServer({ port: 0, tls: identity });

        await once(wss, 'listening');
        wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));

        const own = await connect(wss.address().port);
        let echoes = 0;

        for (let round = 0; round < 5; round++) {
          const worker = new Worker(source, {
            eval: true,
            workerData: { identity, kind }
          });
          const [port] = await once(worker, 'message');
          const sent = once(worker, 'message');
          const closed = Array.from({ length: 4 }, async () => {
            await once(await connect(port), 'close');
          });

          await sent;
          await worker.terminate();
          await Promise.all(closed);
          own.send('x'.repeat(100_000));
          echoes += (await once(own, 'message'))[0].length / 100_000;
        }

        console.log(JSON.stringify(echoes));
        process.exit();
      };

      assert.strictEqual(
        await evaluate(main, { argument: { kind, source: WORKER } }),
        5
      );
    });
  }
});

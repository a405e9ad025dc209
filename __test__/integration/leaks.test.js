'use strict';

/* global WebSocketServer, once, serve -- the programs begin with them */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { noMemoryUsage } = require('../support/machine');
const { evaluate } = require('../support/programs');

const flags = ['--expose-gc'];

/**
 * How much the resident memory of a process grows, in MiB, while `round` is run
 * again and again, after some rounds that fill caches and pools.
 */
function growthOf(round, options) {
  const source = `async ({ warmUp, rounds }) => {
    const round = ${round};

    async function run(count) {
      for (let i = 0; i < count; i++) {
        await round();
        // Finalizers run in tasks of their own.
        for (let n = 0; n < 3; n++) {
          gc();
          await new Promise((resolve) => setImmediate(resolve));
        }
      }

      return process.memoryUsage.rss() / (1 << 20);
    }

    const before = await run(warmUp);
    const after = await run(rounds);

    console.log(JSON.stringify(after - before));
  }`;

  return evaluate(source, { argument: options, flags });
}

describe('Memory', { skip: noMemoryUsage }, () => {
  it('of receivers that are dropped in the middle of a message is given back', async () => {
    // 200 receivers in a round that hold 64 KiB each: 12.5 MiB.
    const growth = await growthOf(
      async () => {
        const { Receiver } = require('.');
        const { promisify } = require('node:util');
        const half = Buffer.alloc(64 << 10);

        for (let i = 0; i < 200; i++) {
          const receiver = new Receiver();

          receiver.write(Buffer.from('827f0000000000100000', 'hex'));
          await promisify(receiver.write).call(receiver, half);
        }
      },
      { warmUp: 4, rounds: 10 }
    );

    assert.ok(growth < 60, `${growth} MiB of 125 MiB`);
  });

  it('of compression states that nobody cleans up is given back', async () => {
    // 100 pairs of states in a round, some 300 KiB each: 30 MiB.
    const growth = await growthOf(
      async () => {
        const { PerMessageDeflate } = require('.');
        const jobs = [];

        for (let i = 0; i < 100; i++) {
          const pmd = new PerMessageDeflate();

          pmd.accept([{}]);
          jobs.push(
            new Promise((resolve, reject) => {
              pmd.compress('a'.repeat(100), true, (err, data) => {
                if (err) reject(err);
                else pmd.decompress(data, true, resolve);
              });
            })
          );
        }

        await Promise.all(jobs);
      },
      { warmUp: 5, rounds: 20 }
    );

    assert.ok(growth < 120, `${growth} MiB of 600 MiB`);
  });

  it('of the messages of a connection is given back', async () => {
    // 64 messages of 256 KiB in a round: 16 MiB.
    const growth = await growthOf(
      async () => {
        const wss = await serve();
        const data = Buffer.alloc(256 << 10);

        wss.on('connection', (ws) => {
          for (let i = 0; i < 64; i++) ws.send(data);
          ws.close();
        });

        const ws = new WebSocket(wss.url);
        let count = 0;

        ws.on('message', () => count++);
        await once(ws, 'close');
        wss.close();
        if (count !== 64) throw new Error(`${count} messages`);
      },
      { warmUp: 4, rounds: 16 }
    );

    assert.ok(growth < 100, `${growth} MiB of 256 MiB`);
  });
});

describe('5,000 connections, one after the other', () => {
  it('leave no descriptors, listeners, handles or clients behind', async () => {
    const left = await evaluate(
      async () => {
        const fs = require('node:fs');
        const http = require('node:http');
        const server = http.createServer();
        const wss = new WebSocketServer({ server });

        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));

        const url = `ws://127.0.0.1:${server.address().port}`;
        const countFds = () =>
          fs.existsSync('/proc/self/fd')
            ? fs.readdirSync('/proc/self/fd').length
            : 0;
        const countSockets = () =>
          process
            .getActiveResourcesInfo()
            .filter((name) => name === 'TCPSocketWrap').length;
        const listeners = () =>
          server
            .eventNames()
            .reduce((sum, name) => sum + server.listenerCount(name), 0);

        function connect(i) {
          return new Promise((resolve, reject) => {
            const ws = new WebSocket(url);

            ws.on('error', reject);
            ws.on('open', () => ws.send('a'));
            // All ways to close, in turn.
            ws.on('message', () => {
              if (i % 3 === 0) ws.close();
              else if (i % 3 === 1) ws.terminate();
              else for (const peer of wss.clients) peer.close();
            });
            ws.on('close', resolve);
          });
        }

        async function run(count) {
          for (let i = 0; i < count; i += 50) {
            await Promise.all(
              Array.from({ length: 50 }, (_, n) => connect(i + n))
            );
          }

          while (wss.clients.size > 0) {
            await new Promise((resolve) => setTimeout(resolve, 5));
          }

          // The last sockets are closed in a later turn.
          const deadline = Date.now() + 10_000;

          while (countSockets() > 0 && Date.now() < deadline) {
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        }

        await run(100);

        const fds = countFds();
        const before = listeners();

        await run(5000);

        const left = {
          clients: wss.clients.size,
          // On a busy machine one of the first round may have been counted that was being closed.
          fds: Math.max(0, countFds() - fds),
          handles: countSockets(),
          listeners: listeners() - before
        };

        wss.close();
        server.close();
        console.log(JSON.stringify(left));
      },
      { flags }
    );

    assert.deepStrictEqual(left, {
      clients: 0,
      fds: 0,
      handles: 0,
      listeners: 0
    });
  });
});

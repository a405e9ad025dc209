'use strict';

/* global once, serve -- the programs begin with them */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const { AsyncLocalStorage } = require('node:async_hooks');
const { describe, it } = require('node:test');
const { promisify } = require('node:util');

const { openLoopPair, skip, until } = require('../support/loop');
const { SLOWNESS } = require('../support/machine');
const { inbox } = require('../support/peers');
const { evaluate, PRELUDE, ROOT, runProgram } = require('../support/programs');
const { portOf } = require('../support/raw-http');
const { serve: serveHere } = require('../support/servers');

// A program that ends too early does not print its last line; one that does
// not end is stopped, which `evaluate()` reports.

describe('A process with connections on loop', { skip }, () => {
  it('lives while one is paused, up to its end', async (t) => {
    const wss = serveHere(t, { host: '127.0.0.1' });

    wss.on('connection', (ws) => {
      ws.on('message', () => setTimeout(() => ws._socket.end(), 100));
    });

    const result = await evaluate(
      async (url) => {
        const ws = new WebSocket(url);

        ws.on('open', () => {
          setTimeout(() => {
            const { transport } = ws;

            ws.send('paused');
            ws.pause();
            ws.on('close', (code) => {
              console.log(JSON.stringify([transport, code]));
            });
          }, 10);
        });
      },
      { argument: `ws://127.0.0.1:${await portOf(wss)}` }
    );

    assert.deepStrictEqual(result, ['loop', 1006]);
  });

  for (const argument of ['exit', 'throw', 'unref']) {
    it(`ends by ${argument} in the middle of the traffic`, async () => {
      const { code, signal, stderr } = await runProgram(
        async (how) => {
          const wss = await serve();
          const clients = [];
          let count = 0;
          let opened = 0;

          wss.on('connection', (peer) => {
            if (how === 'unref') peer._socket.unref();
            peer.on('message', (data) => peer.send(data));
          });
          for (let i = 0; i < 20; i++) {
            const ws = new WebSocket(wss.url);

            ws.on('open', () => {
              opened++;
              ws.send('a');
              ws.send(Buffer.alloc(200_000));
            });
            ws.on('message', (data) => {
              if (++count < 500 || opened < 20 || ws.transport !== 'loop') {
                ws.send(data);
              } else if (how === 'exit') {
                process.exit(3);
              } else if (how === 'throw') {
                throw new Error('Oops');
              } else {
                for (const client of clients) client._socket.unref();
                wss._server.unref();
                process.exitCode = 5;
              }
            });
            clients.push(ws);
          }
        },
        { argument }
      );

      assert.strictEqual(signal, null);
      assert.strictEqual(code, { exit: 3, throw: 1, unref: 5 }[argument]);
      if (argument === 'throw') assert.match(stderr, /Error: Oops/);
    });
  }

  it('keeps on with what it has when no descriptors are left', async (t) => {
    const main = async () => {
      const fs = require('node:fs');
      const held = [];
      const wss = await serve({ accept: 'node' });
      const seen = [];
      let peer;

      wss.on('connection', (ws) => {
        peer = ws;
        ws.on('message', (data) => ws.send(data));
        try {
          for (;;) held.push(fs.openSync('/dev/null'));
        } catch (err) {
          seen.push(err.code);
        }
      });

      const ws = new WebSocket(wss.url);
      let count = 0;

      ws.on('open', () => setTimeout(() => ws.send('a'), 10));
      ws.on('message', (data) => {
        seen.push([String(data), ws.transport, peer.transport]);
        if (++count === 1) for (const fd of held) fs.closeSync(fd);
        if (count < 4) setTimeout(() => ws.send('a'), 10);
        else {
          ws.terminate();
          wss.close();
          console.log(JSON.stringify(seen));
        }
      });
    };
    const { stdout } = await promisify(execFile)(
      'sh',
      [
        ...['-c', 'ulimit -n 120; exec "$0" -e "$1"', process.execPath],
        `${PRELUDE}\n(${main})();`
      ],
      { cwd: ROOT, timeout: 60_000 * SLOWNESS }
    );
    const seen = JSON.parse(stdout);

    assert.deepStrictEqual(seen.slice(0, 2), [
      'EMFILE',
      ['a', 'stream', 'stream']
    ]);
    assert.deepStrictEqual(seen.at(-1), ['a', 'loop', 'loop']);
  });

  it('serves them in two workers of a cluster', async () => {
    const result = await evaluate(async () => {
      const cluster = require('node:cluster');

      cluster.setupPrimary({
        execArgv: [],
        exec: require.resolve('./__test__/support/cluster-worker.js')
      });

      const workers = [cluster.fork(), cluster.fork()];
      const ports = await Promise.all(
        workers.map(async (worker) => (await once(worker, 'message'))[0])
      );
      const transports = {};
      const pids = new Set();

      await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const ws = new WebSocket(`ws://127.0.0.1:${ports[0]}`);

          await once(ws, 'open');
          for (let n = 0; n < 3; n++) {
            ws.send(`${i} ${n}`);

            const { pid, text, transport } = JSON.parse(
              (await once(ws, 'message'))[0]
            );

            if (text !== `${i} ${n}`) throw new Error(text);
            pids.add(pid);
            if (n === 2) {
              transports[transport] = (transports[transport] ?? 0) + 1;
            }
          }
          ws.terminate();
        })
      );

      const codes = await Promise.all(
        workers.map(async (worker) => {
          const exited = once(worker, 'exit');

          worker.send('leave');
          return (await exited)[0];
        })
      );

      console.log(JSON.stringify({ codes, pids: pids.size, transports }));
    });

    assert.deepStrictEqual(result, {
      codes: [0, 0],
      pids: 2,
      transports: { loop: 40 }
    });
  });
});

describe('A listener that throws on loop', { skip }, () => {
  for (const argument of [
    { what: 'messages', options: {} },
    {
      what: 'compressed messages',
      options: { perMessageDeflate: { threshold: 0 } }
    },
    {
      what: 'messages, one a macrotask,',
      options: { allowSynchronousEvents: false }
    }
  ]) {
    it(`of ${argument.what} harms neither these nor others`, async () => {
      const result = await evaluate(
        async ({ options }) => {
          const wss = await serve(options);
          const total = 300;
          const thrown = new Set();
          const log = { same: 0, other: 0 };
          const got = [[], []];

          process.on('uncaughtException', (err) => {
            if (thrown.has(err)) log.same++;
            else log.other++;
          });

          const peers = [];

          wss.on('connection', (ws) => {
            const list = got[peers.push(ws) - 1];

            ws.on('message', (data) => {
              const number = Number(data.toString().slice(0, 6));

              list.push(number);
              if (list !== got[0] || number % 7 !== 3) return;

              const error = new Error('Oops');

              thrown.add(error);
              throw error;
            });
          });

          const clients = [];

          for (let i = 0; i < 2; i++) {
            const ws = new WebSocket(wss.url, options);

            await once(ws, 'open');
            clients.push(ws);
          }
          await new Promise((resolve) => setTimeout(resolve, 20));

          const first = peers.map((ws) => ws.transport);

          for (let i = 0; i < total; i++) {
            // Some in one chunk, some in the next, some longer than a chunk.
            const size = i % 50 === 0 ? 100_000 : i % 10;

            for (const ws of clients) {
              ws.send(String(i).padStart(6, '0') + 'x'.repeat(size));
            }
            if (i % 20 === 0) await new Promise((next) => setImmediate(next));
          }
          while (got.some((list) => list.length < total)) {
            await new Promise((next) => setImmediate(next));
          }

          const inOrder = got.map((list) => list.every((n, i) => n === i));

          for (const ws of clients) ws.close();
          wss.close();
          console.log(
            JSON.stringify({ ...log, first, inOrder, thrown: thrown.size })
          );
        },
        { argument }
      );

      assert.deepStrictEqual(result, {
        first: ['loop', 'loop'],
        inOrder: [true, true],
        other: 0,
        same: 43,
        thrown: 43
      });
    });
  }
});

describe('The async context of a connection', { skip }, () => {
  it('is that of its client, also after it was paused', async (t) => {
    const storage = new AsyncLocalStorage();
    const { client, peer } = await storage.run('made', () => openLoopPair(t));
    const seen = [];
    const take = inbox(client);

    client.on('message', () => seen.push(storage.getStore()));
    peer.send('a');
    await take(1);
    storage.run('paused', () => client.pause());
    peer.send('b');
    await until(() => client.transport === 'stream');
    // What was read ahead is handed out by whoever resumes, as with ws.
    storage.run('resumed', () => client.resume());
    await take(1);
    await until(() => client.transport === 'loop');
    peer.send('c');
    await take(1);
    assert.deepStrictEqual(seen, ['made', 'resumed', 'made']);
  });
});

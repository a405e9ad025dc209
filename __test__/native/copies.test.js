'use strict';

/* global children, once, serve -- the programs begin with them */

const assert = require('node:assert');
const { test } = require('node:test');

const { evaluate } = require('../support/programs');

/** Loads the package once more, over the addon that is loaded already. */
function load() {
  for (const key of Object.keys(require.cache)) {
    if (!key.endsWith('.node')) delete require.cache[key];
  }
  children.length = 0;
  return require('.');
}

/** Has messages go there and back through a server and a client of a copy. */
function echo({ WebSocket, WebSocketServer }, options, messages) {
  return new Promise((resolve) => {
    const wss = new WebSocketServer(
      { host: '127.0.0.1', port: 0, ...options },
      () => {
        const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
        const received = [];

        ws.on('open', () => ws.send(messages[0]));
        ws.on('message', (data) => {
          received.push(String(data));
          if (received.length === messages.length) ws.close();
          // Later: the sockets have been promoted by then.
          else setImmediate(() => ws.send(messages[received.length]));
        });
        ws.on('close', () => wss.close(() => resolve(received)));
      }
    );

    wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
  });
}

/** A program that has `load()` and `echo()`. */
function withCopies(main) {
  return `async () => {
    const { children } = module;
    ${load}
    ${echo}
    await (${main})();
  }`;
}

test('copies of the JavaScript over one addon do not take messages of each other', async () => {
  const wrong = await evaluate(
    withCopies(async () => {
      const copies = [WebSocket, load(), load()];
      const wrong = [];

      for (const perMessageDeflate of [false, { threshold: 0 }]) {
        await Promise.all(
          copies.map(async (copy, c) => {
            const sent = Array.from({ length: 30 }, (_, i) =>
              `${c} ${i} `.repeat(1 + i * 700)
            );
            const received = await echo(copy, { perMessageDeflate }, sent);

            sent.forEach((message, i) => {
              if (received[i] !== message) wrong.push([c, i]);
            });
          })
        );
      }

      console.log(JSON.stringify(wrong));
    })
  );

  assert.deepStrictEqual(wrong, []);
});

test('many copies have one listener for the exit of the process', async () => {
  const seen = await evaluate(
    withCopies(async () => {
      const warnings = [];

      process.on('warning', (warning) => warnings.push(warning.message));
      for (let i = 0; i < 15; i++) await echo(load(), {}, ['a', 'b']);
      await new Promise(setImmediate);
      console.log(JSON.stringify([process.listenerCount('exit'), warnings]));
    })
  );

  const [listeners, warnings] = seen;

  // None where nothing waits for the end of the tick.
  assert.ok(listeners <= 1, String(listeners));
  assert.deepStrictEqual(warnings, []);
});

test('what each copy sent before the process exits goes out', async () => {
  const received = await evaluate(
    withCopies(async () => {
      const { Worker } = require('node:worker_threads');
      const wss = await serve();
      const received = [];
      const worker = new Worker(
        `const { workerData } = require('node:worker_threads');
         const path = process.cwd();
         const sockets = [];
         for (let i = 0; i < 3; i++) {
           for (const key of Object.keys(require.cache)) {
             if (!key.endsWith('.node')) delete require.cache[key];
           }
           const { WebSocket } = require(path);
           const ws = new WebSocket(workerData);
           sockets.push(ws);
           ws.on('open', () => {
             if (sockets.some((ws) => ws.readyState !== 1)) return;
             setTimeout(() => {
               sockets.forEach((ws, i) => ws.send('last of ' + i));
               process.exit();
             }, 20);
           });
         }`,
        { eval: true, workerData: wss.url }
      );

      wss.on('connection', (ws) =>
        ws.on('message', (data) => received.push(String(data)))
      );
      await once(worker, 'exit');
      while (wss.clients.size > 0) await new Promise(setImmediate);
      wss.close();
      console.log(JSON.stringify(received.sort()));
    })
  );

  assert.deepStrictEqual(received, ['last of 0', 'last of 1', 'last of 2']);
});

test('a copy that nobody uses any more is collected, with its native half', async () => {
  const kept = await evaluate(
    withCopies(async () => {
      const refs = [];

      async function use(perMessageDeflate) {
        const copy = load();

        refs.push(new WeakRef(copy));
        await echo(copy, { perMessageDeflate }, ['a', 'b'.repeat(1e5), 'c']);
      }

      for (let i = 0; i < 3; i++) {
        await use(false);
        await use({ threshold: 0 });
      }

      load();

      for (let i = 0; i < 20; i++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        global.gc();
      }

      console.log(refs.filter((ref) => ref.deref() !== undefined).length);
    }),
    { flags: ['--expose-gc'] }
  );

  assert.strictEqual(kept, 0);
});

test('a copy with an open connection or a job under way is not collected', async () => {
  const received = await evaluate(
    withCopies(async () => {
      const wss = await serve();
      const received = [];

      wss.on('connection', (ws) => {
        // Nobody but the sockets has the client.
        setTimeout(() => ws.send('still there?'), 200);
        ws.on('message', (data) => received.push(String(data)));
        ws.on('close', () => wss.close());
      });

      (() => {
        const ws = new (load().WebSocket)(wss.url);

        ws.on('message', (data) => {
          ws.send(`${data} yes`);
          ws.close();
        });
      })();

      const inflated = new Promise((resolve) => {
        const { PerMessageDeflate } = load();
        const extension = new PerMessageDeflate();

        extension.accept([{}]);
        extension.compress(Buffer.alloc(5_000_000, 'ab'), true, resolve);
      });

      load();

      const timer = setInterval(global.gc, 10);

      await inflated;
      await once(wss, 'close');
      clearInterval(timer);
      console.log(JSON.stringify(received));
    }),
    { flags: ['--expose-gc'] }
  );

  assert.deepStrictEqual(received, ['still there? yes']);
});

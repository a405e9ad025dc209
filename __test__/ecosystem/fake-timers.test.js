'use strict';

/* global once, WebSocketServer -- the programs begin with them */

const assert = require('node:assert');
const { test } = require('node:test');

const { PATIENCE } = require('../support/patience');
const { evaluate } = require('../support/programs');

/** What Vitest and Sinon replace, if they are not asked for more. */
const USUAL = [
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
  ...['setImmediate', 'clearImmediate', 'Date', 'performance']
];
const ALL = [...USUAL, 'nextTick', 'queueMicrotask'];

/** Sends messages there and back under fake timers; gives those that arrive. */
async function echo({ early, patience, toFake }) {
  const FakeTimers = require('@sinonjs/fake-timers');
  const real = { setTimeout };
  const received = [];
  let lib = WebSocket;
  let clock = null;

  if (early) {
    clock = FakeTimers.install({ toFake });

    for (const key of Object.keys(require.cache)) {
      if (!key.endsWith('.node') && !key.includes('node_modules')) {
        delete require.cache[key];
      }
    }

    lib = require('.');
    // Node itself needs its own to open connections.
    if (toFake.includes('nextTick')) clock.uninstall();
  }

  const limit = real.setTimeout(() => {
    console.log(JSON.stringify(received));
    process.exit();
  }, patience);

  for (const perMessageDeflate of [false, { threshold: 0 }]) {
    const wss = new lib.WebSocketServer({
      host: '127.0.0.1',
      perMessageDeflate,
      port: 0
    });

    await once(wss, 'listening');
    wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));

    const ws = new lib.WebSocket(`ws://127.0.0.1:${wss.address().port}`);

    await once(ws, 'open');

    if (!early) clock = FakeTimers.install({ toFake });

    for (const size of [1, 2000, 100_000, 10]) {
      await new Promise((resolve) => {
        ws.once('message', (data) => {
          received.push(data.length);
          resolve();
        });
        ws.send('x'.repeat(size));
      });
    }

    if (!early) clock.uninstall();
    ws.close();
    wss.close();
    await once(ws, 'close');
  }

  clock.uninstall();
  clearTimeout(limit);
  console.log(JSON.stringify(received));
}

/** Ends a connection whose peer does not answer; gives what it is closed with. */
async function beat({ toFake }) {
  const FakeTimers = require('@sinonjs/fake-timers');
  const wss = new WebSocketServer({
    heartbeat: { interval: 20, timeout: 20 },
    host: '127.0.0.1',
    port: 0
  });

  await once(wss, 'listening');

  const url = `ws://127.0.0.1:${wss.address().port}`;
  const client = new WebSocket(url, { autoPong: false });

  await once(client, 'open');

  const clock = FakeTimers.install({ toFake });
  const [code] = await once(client, 'close');

  clock.uninstall();
  wss.close();
  console.log(JSON.stringify(code));
}

test('heartbeats go on under @sinonjs/fake-timers', async () => {
  assert.strictEqual(
    await evaluate(beat, { argument: { toFake: USUAL } }),
    1006
  );
});

for (const [name, toFake] of Object.entries({ usual: USUAL, all: ALL })) {
  for (const early of [false, true]) {
    const when = early ? 'before' : 'after';

    test(`messages move under @sinonjs/fake-timers (${name}), installed ${when} the package was loaded`, async () => {
      assert.deepStrictEqual(
        await evaluate(echo, {
          argument: { early, patience: PATIENCE, toFake }
        }),
        [1, 2000, 100_000, 10, 1, 2000, 100_000, 10]
      );
    });
  }
}

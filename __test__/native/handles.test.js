'use strict';

/* global once -- the programs begin with them */

const assert = require('node:assert');
const { test } = require('node:test');

const { evaluate } = require('../support/programs');

test('what native code opens is closed with the last connection', async () => {
  const open = await evaluate(async () => {
    const { createHook } = require('node:async_hooks');
    const open = new Map();

    createHook({
      init: (id, type) => open.set(id, type),
      destroy: (id) => open.delete(id)
    }).enable();

    // So that the addon is loaded while somebody watches.
    for (const key of Object.keys(require.cache)) delete require.cache[key];

    const ours = require('.');

    for (let round = 0; round < 2; round++) {
      const wss = new ours.WebSocketServer({
        host: '127.0.0.1',
        perMessageDeflate: { threshold: 0 },
        port: 0
      });

      await once(wss, 'listening');
      wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));

      const ws = new ours.WebSocket(`ws://127.0.0.1:${wss.address().port}`);

      await once(ws, 'open');

      for (const size of [10, 200_000, 10]) {
        ws.send('x'.repeat(size));
        await once(ws, 'message');
      }

      ws.close();
      await once(ws, 'close');
      await new Promise((resolve) => wss.close(resolve));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }

    const types = [...open.values()];

    console.log(
      JSON.stringify(types.filter((type) => /wsrs|custom|napi/i.test(type)))
    );
  });

  assert.deepStrictEqual(
    // Nobody destroys what is only JavaScript's; Node does when it is collected.
    open.filter((type) => type !== 'WsRsCompression'),
    []
  );
});

test('what is opened while somebody is told of another one is closed, too', async () => {
  const result = await evaluate(async () => {
    const { createHook } = require('node:async_hooks');
    const ours = require('.');
    const open = new Map();
    const wss = new ours.WebSocketServer({
      host: '127.0.0.1',
      perMessageDeflate: { threshold: 0 },
      port: 0
    });

    await once(wss, 'listening');
    wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));

    const clients = [0, 1].map(
      () => new ours.WebSocket(`ws://127.0.0.1:${wss.address().port}`)
    );
    const [one, other] = clients;
    const message = 'x'.repeat(200_000);
    let wasTold = false;

    await Promise.all(clients.map((ws) => once(ws, 'open')));

    const haveBoth = Promise.all(clients.map((ws) => once(ws, 'message')));

    createHook({
      init(id, type) {
        open.set(id, type);
        if (type !== 'WSRSJOBS' || wasTold) return;
        wasTold = true;
        other.send(message);
      },
      destroy: (id) => open.delete(id)
    }).enable();
    one.send(message);
    await haveBoth;

    for (const ws of clients) {
      ws.close();
      await once(ws, 'close');
    }

    await new Promise((resolve) => wss.close(resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));

    const types = [...open.values()];

    console.log(
      JSON.stringify({
        left: types.filter((type) => type === 'WSRSJOBS'),
        wasTold
      })
    );
  });

  assert.deepStrictEqual(result, { left: [], wasTold: true });
});

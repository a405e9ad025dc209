'use strict';

/* global once, serve -- the programs begin with them */

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { afterTurns, tickOfProgram } = require('../lib/timers');
const { evaluate } = require('./support/programs');

/** Node's mock timers, in place before the package is loaded. */
const MOCKED = [
  '--no-warnings',
  '--import',
  'data:text/javascript,' +
    'import { mock } from "node:test"; mock.timers.enable();'
];

/** Ends a connection whose peer does not answer; gives what it is closed with. */
async function beat() {
  const wss = await serve({ heartbeat: { interval: 20, timeout: 20 } });
  const client = new WebSocket(wss.url, { autoPong: false });
  const [code] = await once(client, 'close');

  console.log(JSON.stringify(code));
  wss.close();
}

/** Echoes plain and compressed messages; gives what came back. */
async function echo() {
  const received = [];

  for (const perMessageDeflate of [false, true]) {
    const wss = await serve({ perMessageDeflate });

    wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));

    const client = new WebSocket(wss.url);

    await once(client, 'open');

    for (const size of [1, 2000, 100_000]) {
      client.send('x'.repeat(size));
      received.push((await once(client, 'message'))[0].length);
    }

    client.close();
    wss.close();
    await once(client, 'close');
  }

  console.log(JSON.stringify(received));
}

const ECHOED = [1, 2000, 100_000, 1, 2000, 100_000];

test('messages move while the timers of node:test are mocked', async () => {
  const mocked = `async () => {
    require('node:test').mock.timers.enable({
      apis: ['setImmediate', 'setInterval']
    });
    await (${echo})();
  }`;

  const flags = ['--no-warnings'];

  assert.deepEqual(await evaluate(mocked, { flags }), ECHOED);
});

test('messages move if timers were mocked before the package was loaded', async () => {
  assert.deepEqual(await evaluate(echo, { flags: MOCKED }), ECHOED);
});

test('heartbeats go on while timers are mocked', async () => {
  const mocked = `async () => {
    require('node:test').mock.timers.enable();
    await (${beat})();
  }`;

  assert.equal(await evaluate(mocked, { flags: ['--no-warnings'] }), 1006);
  assert.equal(await evaluate(beat, { flags: MOCKED }), 1006);
});

for (const [when, flags] of [
  ['', ['--no-warnings']],
  [' made without timers', MOCKED]
]) {
  test(`an alarm${when} goes off once, or not, and keeps no process alive`, async () => {
    const seen = await evaluate(
      async () => {
        const { alarm } = require('./lib/timers');
        const seen = [];
        const { port1 } = new MessageChannel();

        port1.ref();
        process.on('exit', () => console.log(JSON.stringify(seen)));
        alarm(() => seen.push('never'), 2 ** 31 - 1);
        alarm(() => seen.push('called off'), 1)();
        await new Promise((resolve) => {
          alarm(() => seen.push('first'), 0);
          alarm(() => resolve(seen.push('second')), 5);
        });
        port1.close();
      },
      { flags }
    );

    assert.deepEqual(seen, ['first', 'second']);
  });
}

test('a mocked setImmediate() is replaced in order, with arguments and context', async () => {
  const seen = await evaluate(
    async () => {
      const { AsyncLocalStorage } = require('node:async_hooks');
      const { setImmediate } = require('./lib/timers');
      const storage = new AsyncLocalStorage();
      const seen = [];

      await new Promise((resolve) => {
        const note = (...args) => seen.push([storage.getStore(), ...args]);

        storage.run('first', setImmediate, note, 1, 2);
        storage.run('second', setImmediate, note);
        storage.run('last', setImmediate, resolve);
        seen.push('not at once');
      });
      console.log(JSON.stringify(seen));
    },
    { flags: MOCKED }
  );

  assert.deepEqual(seen, ['not at once', ['first', 1, 2], ['second']]);
});

test('a replaced setImmediate() keeps a process alive no longer than it has to', async () => {
  const ran = await evaluate(
    async () => {
      require('./lib/timers').setImmediate(() => console.log('true'));
    },
    { flags: MOCKED }
  );

  assert.equal(ran, true);
});

test('what @sinonjs/fake-timers replaced before is found', async () => {
  const isFound = await evaluate(async () => {
    const { nextTick } = process;
    const timers = require('node:timers');
    const { setImmediate } = timers;
    const fake = (name, method) =>
      Object.assign(() => {}, { clock: { [`_${name}`]: method } });

    process.nextTick = fake('nextTick', nextTick);
    timers.setImmediate = fake('setImmediate', setImmediate);
    delete require.cache[require.resolve('./lib/timers')];

    const found = require('./lib/timers');

    process.nextTick = nextTick;
    console.log(
      JSON.stringify(
        found.nextTick === nextTick && found.setImmediate === setImmediate
      )
    );
  });

  assert.equal(isFound, true);
});

test("a copy of process, as Jest's, is passed over", async () => {
  const isFound = await evaluate(async () => {
    const Module = require('node:module');
    const { nextTick } = process;

    globalThis.copy = Object.create(process, { nextTick: { value: () => {} } });
    Module.wrapper[0] += 'const process = globalThis.copy;';
    delete require.cache[require.resolve('./lib/timers')];
    console.log(require('./lib/timers').nextTick === nextTick);
  });

  assert.equal(isFound, true);
});

test('modules without setImmediate, as in a browser-like environment, work', async () => {
  const flags = [
    '--import',
    'data:text/javascript,' +
      ['setImmediate', 'clearImmediate', 'queueMicrotask', 'performance']
        .map((name) => `delete globalThis.${name};`)
        .join('')
  ];

  assert.deepEqual(await evaluate(echo, { flags }), ECHOED);
});

test('a fake clock drives closeTimeout, as with ws', async () => {
  const closed = await evaluate(
    async () => {
      const real = setTimeout;
      const { mock } = require('node:test');
      const events = [];

      mock.timers.enable({ apis: ['setTimeout'] });

      for (const { WebSocketServer } of [require('ws'), WebSocket]) {
        const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });

        await once(wss, 'listening');

        const silent = require('node:net').connect(wss.address().port);
        const connected = once(wss, 'connection');

        silent.on('error', () => {});
        silent.write(
          'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n' +
            'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
            'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
        );

        const [ws] = await connected;

        ws.close();
        ws.on('close', (code) => events.push(code));
        await new Promise((resolve) => real(resolve, 50));
        events.push('still closing');
        mock.timers.tick(30_000);
        await once(ws, 'close');
        silent.destroy();
        wss.close();
      }

      mock.timers.reset();
      console.log(JSON.stringify(events));
    },
    { flags: ['--no-warnings'] }
  );

  assert.deepEqual(closed, ['still closing', 1006, 'still closing', 1006]);
});

test('a callback comes behind as many turns as it is to wait for', async () => {
  for (const turns of [0, 1, 6]) {
    const seen = [];

    afterTurns(turns, (argument) => seen.push(argument), turns);

    for (let passed = 0; passed <= turns; passed++) {
      assert.deepEqual(seen, []);
      await new Promise(setImmediate);
    }

    assert.deepEqual(seen, [turns]);
  }
});

test('what waits for a tick of the program waits for no fake clock', async () => {
  const called = [];

  const fakedTick = (name) => {
    const { nextTick } = process;
    let tick;

    process.nextTick = (callback) => (tick = callback);
    tickOfProgram((...args) => called.push(...args), name);
    process.nextTick = nextTick;
    return tick;
  };

  fakedTick('its own');
  assert.deepEqual(called, []);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(called, ['its own']);

  const tick = fakedTick('the clock');

  tick();
  assert.deepEqual(called, ['its own', 'the clock']);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(called, ['its own', 'the clock']);
});

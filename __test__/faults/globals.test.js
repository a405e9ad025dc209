'use strict';

// What test runners and old libraries do to a process: the JavaScript loaded twice, timers that are
// faked or missing, properties on Object.prototype. Each in a process of its own.

/* global once, WebSocketServer -- what programs.js begins programs with */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { isolated } = require('../support/programs');

/** Uses two copies of the JavaScript, which share one addon, in turns. */
async function twoCopies(t, ends, { deflate, order, together }) {
  const { FOLDER } = require('./__test__/support/implementation');
  const exits = process.listenerCount('exit');
  const copies = [require(FOLDER)];

  while (copies.length < 3) {
    for (const key of Object.keys(require.cache)) {
      if (!key.endsWith('.node')) delete require.cache[key];
    }
    copies.push(require(FOLDER));
  }

  const echo = async ({ WebSocket, WebSocketServer }, name) => {
    const perMessageDeflate = deflate && { threshold: 0 };
    const options = { host: '127.0.0.1', perMessageDeflate, port: 0 };
    const wss = new WebSocketServer(options);
    const got = [];

    await once(wss, 'listening');
    wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));

    const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);

    client.on('message', (data) => got.push(String(data)));
    await once(client, 'open');
    for (let i = 0; i < 10; i++) {
      client.send(`${name} ${i} ${'x'.repeat(2000)}`);
      await ends.until(() => got.length === i + 1);
    }
    client.close();
    await once(client, 'close');
    wss.close();
    return got.every((text, i) => text.startsWith(`${name} ${i} x`));
  };
  const turns = order.map((i) => () => echo(copies[i], `copy ${i}`));
  const results = [];

  if (together) results.push(...(await Promise.all(turns.map((run) => run()))));
  else for (const run of turns) results.push(await run());

  return [results, process.listenerCount('exit') - exits <= 1];
}

/**
 * Gives the modules of the package globals of their own, and has it echo. `missing` names those
 * that there are none of, `fake` those that do nothing.
 */
async function withGlobals(t, ends, { deflate, fake, missing, sizes }) {
  const Module = require('node:module');
  const never = () => ({ ref() {}, unref() {}, hasRef: () => true });
  const { FOLDER } = require('./__test__/support/implementation');
  const given = { process: Object.create(process) };
  let isFake = false;

  for (const name of fake) {
    const owner = name === 'nextTick' ? process : globalThis;
    const real = owner[name];
    const replaced = (...args) => (isFake ? never() : real.apply(owner, args));

    if (name === 'nextTick') given.process.nextTick = replaced;
    else given[name] = replaced;
  }
  for (const name of missing) given[name] = undefined;

  // As Jest does: around the modules of a test, and not around those of Node.
  globalThis.given = given;

  const { 0: wrapper } = Module.wrapper;

  Module.wrapper[0] = `${wrapper}const {${Object.keys(given)}} = globalThis.given;`;
  for (const key of Object.keys(require.cache)) {
    if (!key.endsWith('.node')) delete require.cache[key];
  }

  const { WebSocket, WebSocketServer } = require(FOLDER);

  Module.wrapper[0] = wrapper;
  isFake = true;

  const seen = [];

  for (const size of sizes) {
    const perMessageDeflate = deflate && { threshold: 0 };
    const options = { host: '127.0.0.1', perMessageDeflate, port: 0 };
    const wss = new WebSocketServer(options);

    await once(wss, 'listening');
    wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));

    const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
    const got = [];
    let isClosed = false;

    client.on('message', (data) => got.push(data.length));
    client.on('close', () => (isClosed = true));
    await once(client, 'open');
    client.send(Buffer.alloc(size, 1));
    client.ping();
    await ends.until(() => got.length === 1);
    client.send(Buffer.alloc(size, 2), () => client.close());
    await ends.until(() => got.length === 2);
    await ends.until(() => isClosed);
    wss.close();
    seen.push(...got);
  }

  return seen;
}

/** Has what is enumerable on Object.prototype be no option, header or event. */
async function withPrototype(t, ends, { deflate, value }) {
  Object.prototype.binary = value;
  Object.prototype.compress = value;
  Object.prototype.fin = false;
  Object.prototype.helper = () => {};
  Object.prototype.mask = value;
  Object.prototype.version = 1;

  const perMessageDeflate = deflate && { threshold: 0 };
  const options = { host: '127.0.0.1', perMessageDeflate, port: 0 };
  const wss = new WebSocketServer(options);
  const got = [];

  await once(wss, 'listening');
  wss.on('connection', (ws) => {
    ws.on('message', (data, isBinary) =>
      ws.send(data, { binary: isBinary, fin: true })
    );
  });

  const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);

  client.on('message', (data, isBinary) => got.push(`${isBinary} ${data}`));
  await once(client, 'open');
  client.send('text');
  await ends.until(() => got.length === 1);
  client.send(Buffer.from('bytes'));
  await ends.until(() => got.length === 2);
  return [got, wss._server.listenerCount('helper')];
}

describe('copies of the JavaScript in one process', () => {
  for (const deflate of [false, true]) {
    for (const order of [
      [0, 1, 0],
      [1, 0, 1],
      [0, 1, 2, 0, 2, 1]
    ]) {
      for (const together of [false, true]) {
        const how = together ? 'at the same time' : 'in turns';

        it(`all work: ${order}, ${how}, deflate: ${deflate}`, async () => {
          assert.deepStrictEqual(
            await isolated(twoCopies, { deflate, order, together }),
            [order.map(() => true), true]
          );
        });
      }
    }
  }
});

describe('timers that are', () => {
  const timers = ['setImmediate', 'setInterval', 'setTimeout'];
  const clears = ['clearImmediate', 'clearInterval', 'clearTimeout'];
  const kinds = {
    'faked as by Vitest': { fake: [...timers, ...clears], missing: [] },
    'faked as by Jest': {
      fake: [...timers, ...clears, 'nextTick', 'queueMicrotask'],
      missing: []
    },
    'faked as by node:test': { fake: timers, missing: [] },
    'missing as under jsdom': {
      fake: [],
      missing: ['clearImmediate', 'setImmediate']
    }
  };
  const sizes = [1, 2000, 100000];

  for (const [name, kind] of Object.entries(kinds)) {
    for (const deflate of [false, true]) {
      it(`${name} stop nothing (deflate: ${deflate})`, async () => {
        assert.deepStrictEqual(
          await isolated(withGlobals, { deflate, ...kind, sizes }),
          sizes.flatMap((size) => [size, size])
        );
      });
    }
  }
});

describe('properties on Object.prototype', () => {
  for (const deflate of [false, true]) {
    for (const value of [true, false]) {
      it(`are no options (${value}, deflate: ${deflate})`, async () => {
        assert.deepStrictEqual(
          await isolated(withPrototype, { deflate, value }),
          [['false text', 'true bytes'], 0]
        );
      });
    }
  }
});

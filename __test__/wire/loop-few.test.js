'use strict';

/* global once -- the program begins with it, and a serve() of its own */

const assert = require('node:assert');
const { once: onceOf } = require('node:events');
const fs = require('node:fs');
const { describe, it } = require('node:test');

const native = require('../../lib/native');
const { openTo } = require('../support/pairs');
const { skip, until } = require('../support/loop');
const { portOf } = require('../support/raw-http');
const { evaluate } = require('../support/programs');
const { serve } = require('../support/servers');

/** What is sent at most while somebody waits for it. */
const ROUNDS = 20;

/** Opens connections that answer what they are sent; both ends are ours. */
async function openEchoes(t) {
  const wss = serve(t, { host: '127.0.0.1' });
  const url = `ws://127.0.0.1:${await portOf(wss)}`;

  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));

  return {
    async open() {
      const { client, peer } = await openTo(t, wss, url);

      client.received = [];
      client.on('message', (data) => client.received.push(Number(data)));
      client.sent = 0;
      return { client, peer };
    }
  };
}

function sendNext({ client }) {
  client.send(String(client.sent++));
}

function isAnswered({ client }) {
  return client.received.length === client.sent;
}

async function exchangeAll(pairs) {
  pairs.forEach(sendNext);
  await until(() => pairs.every(isAnswered));
}

async function close(pair) {
  pair.client.close();
  await onceOf(pair.peer, 'close');
  await until(() => pair.client.readyState === 3);
}

function assertInOrder(pairs) {
  for (const { client } of pairs) {
    assert.deepStrictEqual(
      client.received,
      Array.from({ length: client.sent }, (_, i) => i)
    );
  }
}

describe('A few sockets', { skip }, () => {
  it('are watched one by one once something has come', async (t) => {
    const { open } = await openEchoes(t);
    const pairs = [await open()];

    await exchangeAll(pairs);
    assert.strictEqual(native.loopFew(), 2);
    pairs.push(await open());
    await exchangeAll(pairs);
    assert.strictEqual(native.loopFew(), 4);
  });

  it('lose nothing when they become many, and few again', async (t) => {
    const { open } = await openEchoes(t);
    const pairs = [];

    for (let round = 0; round < 3; round++) {
      while (pairs.length < 2) pairs.push(await open());
      await exchangeAll(pairs);
      await exchangeAll(pairs);
      assert.strictEqual(native.loopFew(), 4);

      // In the middle of what they exchange.
      while (pairs.length < 6) {
        pairs.forEach(sendNext);
        pairs.push(await open());
      }
      // The last client is yet to be promoted; more may have handles while clients are on their way.
      await until(() => native.loopFew() === 0);
      for (let i = 0; i < ROUNDS; i++) pairs.forEach(sendNext);
      await until(() => pairs.every(isAnswered));
      assertInOrder(pairs);
      while (pairs.length > 1) await close(pairs.pop());
    }
  });

  it('are told of room to write when they become many meanwhile', async (t) => {
    const { open } = await openEchoes(t);
    const first = await open();
    const others = [];
    let length = 0;

    await exchangeAll([first]);
    assert.strictEqual(native.loopFew(), 2);
    first.client.removeAllListeners('message');
    first.client.on('message', (data) => (length += data.length));
    first.client.pause();

    let sent = 0;

    while (first.peer.bufferedAmount === 0) {
      first.peer.send(Buffer.alloc(100_000));
      sent += 100_000;
    }
    for (let i = 0; i < 6; i++) others.push(await open());
    await exchangeAll(others);
    assert.strictEqual(native.loopFew(), 0);
    assert.ok(first.peer.bufferedAmount > 0);
    first.client.resume();
    await until(() => length === sent);
    assert.strictEqual(first.peer.bufferedAmount, 0);
  });

  it('are told of room to write while they are few', async (t) => {
    const { open } = await openEchoes(t);
    const { client, peer } = await open();
    let length = 0;

    await exchangeAll([{ client, peer }]);
    client.removeAllListeners('message');
    client.on('message', (data) => (length += data.length));

    for (let round = 1; round <= 3; round++) {
      client.pause();

      let sent = 0;

      length = 0;
      while (peer.bufferedAmount === 0) {
        peer.send(Buffer.alloc(100_000));
        sent += 100_000;
      }
      client.resume();
      await until(() => length === sent);
    }
    assert.strictEqual(native.loopFew(), 2);
  });

  it('leave no descriptor behind', async (t) => {
    if (process.platform !== 'linux') {
      t.skip('descriptors are counted in /proc');
      return;
    }

    const { open } = await openEchoes(t);
    const count = () => fs.readdirSync('/proc/self/fd').length;

    // What the process keeps from the first connection on is there.
    await close(await open());

    const before = count();

    for (let i = 0; i < ROUNDS; i++) {
      const pair = await open();

      await exchangeAll([pair]);
      assert.strictEqual(native.loopFew(), 2);
      await close(pair);
      assert.strictEqual(native.loopFew(), 0);
    }
    await until(() => count() <= before);
  });

  it('are watched by the selector where there is no descriptor left', async (t) => {
    if (process.platform === 'win32') {
      t.skip('there is no such limit');
      return;
    }

    const result = await evaluate(async () => {
      const fs = require('node:fs');
      const native = require('./lib/native');
      const wss = await serve();
      const ws = new WebSocket(wss.url);
      const [peer] = await once(wss, 'connection');
      const held = [];
      let count = 0;

      peer.on('message', (data) => peer.send(data));
      await once(ws, 'open');
      // Some may be given back meanwhile.
      for (let i = 0; i < 3; i++) {
        await new Promise(setImmediate);
        try {
          for (;;) held.push(fs.openSync(process.execPath));
        } catch (err) {
          if (err.code !== 'EMFILE') throw err;
        }
      }

      const before = native.loopFew();

      for (; count < 5; count++) {
        ws.send(String(count));

        const [data] = await once(ws, 'message');

        if (Number(data) !== count) throw new Error(`${data}, not ${count}`);
      }

      const few = native.loopFew() - before;

      held.forEach(fs.closeSync);
      ws.send('on');
      await once(ws, 'message');

      const after = native.loopFew();

      ws.terminate();
      wss.close();
      console.log(JSON.stringify({ after, count, few }));
    });

    assert.deepStrictEqual(result, { after: 2, count: 5, few: 0 });
  });
});

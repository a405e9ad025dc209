'use strict';

/* global once, serve -- the programs begin with them */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { kConnection } = require('../../lib/members');
const native = require('../../lib/native');
const { openLoopPair, skip, until } = require('../support/loop');
const { inbox } = require('../support/peers');
const { evaluate } = require('../support/programs');

describe('A turn that fails', { skip }, () => {
  for (const [what, panics] of [
    ['an error', false],
    ['a panic', true]
  ]) {
    it(`by ${what} ends its connection, which says so, and no other`, async (t) => {
      const failing = await openLoopPair(t);
      const others = [await openLoopPair(t), await openLoopPair(t)];
      const takers = others.map(({ peer }) => inbox(peer));
      const log = [];

      failing.peer.on('message', (data) => log.push(`message ${data}`));
      failing.peer.on('error', (err) => log.push(err));
      failing.peer.on('close', (code) => log.push(code));
      native.loopFail(failing.peer[kConnection].decoder.id, panics);

      // All of them have their turns in one batch.
      others[0].client.send('before');
      failing.client.send('lost');
      others[1].client.send('behind');
      for (const take of takers) assert.strictEqual((await take(1)).length, 1);
      await until(() => log.length === 2);

      assert.match(
        log[0].message,
        /^ws-rs could not read a connection, please/
      );
      assert.match(log[0].message, /a test wants it so$/);
      assert.deepStrictEqual(log.slice(1), [1006]);
      assert.strictEqual(failing.peer.readyState, 3);
      await until(() => failing.client.readyState === 3);

      // And go on.
      for (const [i, { client }] of others.entries()) {
        client.send('once more');
        assert.strictEqual(String(await takers[i](1)), 'once more');
      }
    });
  }

  it('by a panic when there is room to write ends its connection alone', async (t) => {
    const { client, peer } = await openLoopPair(t);
    const other = await openLoopPair(t);
    const take = inbox(other.peer);
    const log = [];

    peer.on('error', (err) => log.push(err.message));
    peer.on('close', (code) => log.push(code));
    client.pause();
    while (peer._socket.writableLength === 0) peer.send(Buffer.alloc(1 << 20));
    native.loopFail(peer[kConnection].decoder.id, true);
    client.resume();
    await until(() => log.length === 2);
    assert.match(log[0], /it panicked: a test wants it so$/);
    assert.strictEqual(log[1], 1006);
    other.client.send('hello');
    assert.strictEqual(String(await take(1)), 'hello');
  });

  it('in a connection that was closed meanwhile harms nobody', async (t) => {
    const { client, peer } = await openLoopPair(t);
    const other = await openLoopPair(t);
    const take = inbox(other.peer);

    native.loopFail(peer[kConnection].decoder.id, true);
    peer.terminate();
    client.send('to nobody');
    other.client.send('hello');
    assert.strictEqual(String(await take(1)), 'hello');
    native.loopFail(-1, false);
  });
});

describe('A message for which there is no memory', { skip }, () => {
  for (const argument of [100, 3000, 40_000, 200_000]) {
    it(`of ${argument} bytes ends at most its connection`, async () => {
      const result = await evaluate(
        async (size) => {
          const wss = await serve();
          const log = [];
          const open = async () => {
            const client = new WebSocket(wss.url);
            const connected = once(wss, 'connection');

            await once(client, 'open');

            const [peer] = await connected;

            for (let i = 0; i < 5; i++) {
              await new Promise((next) => setImmediate(next));
            }
            return { client, peer };
          };
          const one = await open();
          const other = await open();
          const { alloc, allocUnsafeSlow } = Buffer;
          const payload = alloc(size);

          one.peer.on('error', (err) => log.push(err.message));
          one.peer.on('close', (code) => log.push(code));
          one.client.on('error', () => {});
          one.client.send(payload);
          await once(one.peer, 'message');

          // As V8 does when it has none.
          Buffer.alloc = Buffer.allocUnsafeSlow = () => {
            throw new RangeError('Array buffer allocation failed');
          };
          one.client.send(payload);
          // A long one is put together in memory that native code makes.
          await new Promise((resolve) => {
            one.peer.on('message', resolve);
            one.peer.on('close', resolve);
          });
          Object.assign(Buffer, { alloc, allocUnsafeSlow });
          other.client.send('hello');

          const [data] = await once(other.peer, 'message');

          log.push(`other: ${data}`);
          wss.close();
          one.client.terminate();
          one.peer.terminate();
          other.client.terminate();
          console.log(JSON.stringify(log));
        },
        { argument }
      );

      assert.deepStrictEqual(
        result,
        argument < 64 * 1024
          ? ['Array buffer allocation failed', 1006, 'other: hello']
          : ['other: hello']
      );
    });
  }
});

'use strict';

/* global once, serve -- the program begins with them */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { openLoopPair, skip, until } = require('../support/loop');
const { inbox } = require('../support/peers');
const { evaluate } = require('../support/programs');

const KIB = 1024;

describe('A message of 16 to 512 KiB', { skip }, () => {
  for (const size of [16 * KIB, 20_000, 64 * KIB, 65_537, 512 * KIB]) {
    it(`of ${size} bytes has memory of its own, like the one before`, async (t) => {
      const { client, peer } = await openLoopPair(t);
      const take = inbox(peer);
      const kept = [];

      // The first tells how long the others may be.
      for (let i = 0; i < 6; i++) {
        client.send(Buffer.alloc(size, i));
        kept.push(...(await take(1)));
      }
      for (const [i, data] of kept.entries()) {
        assert.ok(data.equals(Buffer.alloc(size, i)), `message ${i}`);
      }

      const memories = kept.slice(1).map(({ buffer }) => buffer);

      assert.strictEqual(new Set(memories).size, 5);
      for (const memory of memories) {
        assert.ok(memory.byteLength <= size * 1.25 + 64, memory.byteLength);
      }
    });

    it(`of ${size} bytes can be transferred, and others are left`, async (t) => {
      const { client, peer } = await openLoopPair(t);
      const take = inbox(peer);

      client.send(Buffer.alloc(size, 1));

      const [first] = await take(1);

      for (let i = 2; i < 8; i++) {
        client.send(Buffer.alloc(size, i));

        const [data] = await take(1);
        const { byteOffset } = data;
        const { buffer } = data;
        const moved = structuredClone(buffer, { transfer: [buffer] });

        assert.strictEqual(data.length, 0);
        assert.ok(
          Buffer.from(moved, byteOffset, size).equals(Buffer.alloc(size, i))
        );
      }
      assert.ok(first.equals(Buffer.alloc(size, 1)));
    });
  }

  it('is not overwritten by those of other connections', async (t) => {
    const pairs = [await openLoopPair(t), await openLoopPair(t)];
    const sizes = [
      16 * KIB,
      100,
      64 * KIB,
      20_000,
      512 * KIB,
      0,
      512 * KIB + 1,
      16 * KIB - 1,
      100_000,
      64 * KIB
    ];
    const rounds = 5;
    const kept = [[], []];

    for (const [i, { peer }] of pairs.entries()) {
      peer.on('message', (data) => kept[i].push(data));
    }
    for (let n = 0; n < rounds * sizes.length; n++) {
      for (const [i, { client }] of pairs.entries()) {
        // The other way round for the second.
        const at = i === 0 ? n : sizes.length * rounds - 1 - n;

        client.send(Buffer.alloc(sizes[at % sizes.length], 2 * n + i));
      }
      if (n % 3 === 0) {
        await until(() => kept.every((list) => list.length === n + 1));
      }
    }
    await until(() =>
      kept.every((list) => list.length === rounds * sizes.length)
    );
    for (const [i, list] of kept.entries()) {
      for (const [n, data] of list.entries()) {
        const at = i === 0 ? n : sizes.length * rounds - 1 - n;

        assert.ok(
          data.equals(Buffer.alloc(sizes[at % sizes.length], 2 * n + i)),
          `message ${n} of connection ${i}`
        );
      }
    }
  });
});

describe('The descriptors of a process', { skip }, () => {
  const isLinux = process.platform === 'linux';

  it(
    'are not more on loop than before, and none is left behind',
    { skip: !isLinux && 'only Linux tells of them so' },
    async () => {
      const result = await evaluate(async () => {
        const fs = require('node:fs');
        const wss = await serve();
        const pairs = 20;
        const countNow = () => fs.readdirSync('/proc/self/fd').length;
        const turns = async (count) => {
          while (count-- > 0) await new Promise((next) => setImmediate(next));
        };
        const open = async () => {
          const client = new WebSocket(wss.url);
          const connected = once(wss, 'connection');

          await once(client, 'open');

          const [peer] = await connected;

          await turns(5);
          return [client, peer];
        };
        const close = async (sockets) => {
          const closed = sockets.map((ws) => once(ws, 'close'));

          sockets[0].close();
          await Promise.all(closed);
          await turns(5);
        };

        // The first has the selector made, which stays.
        await close(await open());

        const before = countNow();
        const opened = [];

        for (let i = 0; i < pairs; i++) opened.push(await open());

        const transports = new Set(opened.flat().map((ws) => ws.transport));
        const during = countNow();

        for (const sockets of opened) await close(sockets);

        const after = countNow();

        wss.close();
        console.log(
          JSON.stringify({
            added: during - before,
            left: after - before,
            transports: [...transports]
          })
        );
      });

      // Both ends of 20 connections, one descriptor each.
      assert.deepStrictEqual(result, {
        added: 40,
        left: 0,
        transports: ['loop']
      });
    }
  );
});

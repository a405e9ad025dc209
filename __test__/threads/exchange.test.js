'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { skipThreads: skip, openThreaded } = require('../support/threads');
const { until } = require('../support/loop');

const SIZES = [0, 1, 125, 126, 5000, 16_384, 65_536, 300_000, 3_000_000];

/** What an end gets, checked by number, length and last byte. */
function check(ws) {
  const seen = { count: 0, wrong: [] };

  ws.on('message', (data) => {
    const size = SIZES[seen.count % SIZES.length];
    const isRight =
      data.length === size + 1 && data.at(-1) === seen.count % 256;

    if (!isRight) seen.wrong.push(seen.count);
    seen.count++;
  });
  return seen;
}

function message(number) {
  const data = Buffer.alloc(SIZES[number % SIZES.length] + 1);

  data[data.length - 1] = number;
  return data;
}

describe('Connections on I/O threads', { skip }, () => {
  for (const [what, options] of [
    ['one thread', { ioThreads: 1 }],
    ['three threads', { ioThreads: 3 }],
    ['compression', { ioThreads: 1, perMessageDeflate: { threshold: 100 } }],
    ['one event a macrotask', { ioThreads: 1, allowSynchronousEvents: false }]
  ]) {
    it(`carry messages of all sizes both ways, in order: ${what}`, async (t) => {
      const count = 3 * SIZES.length;
      const { pairs } = await openThreaded(t, 5, options);
      const ends = pairs.flatMap(({ client, peer }) => [client, peer]);
      const checks = ends.map(check);
      let called = 0;

      for (let i = 0; i < count; i++) {
        for (const ws of ends) {
          ws.send(message(i), (err) => {
            assert.ifError(err);
            called++;
          });
        }
      }

      await until(() => checks.every((seen) => seen.count === count));
      await until(() => called === count * ends.length);
      for (const { wrong } of checks) assert.deepStrictEqual(wrong, []);
      for (const { peer } of pairs) {
        assert.strictEqual(peer.transport, 'threads');
      }
      for (const ws of ends) assert.strictEqual(ws.bufferedAmount, 0);
    });
  }

  it('answer pings, and close as all do', async (t) => {
    const { pairs } = await openThreaded(t, 2);
    const log = [];

    for (const [i, { client, peer }] of pairs.entries()) {
      peer.on('ping', (data) => log.push(`ping ${data}`));
      peer.on('close', (code, reason) => log.push(`peer ${code} ${reason}`));
      client.on('pong', (data) => {
        log.push(`pong ${data}`);
        client.close(4000, 'enough');
      });
      client.on('close', (code, reason) => log.push(`${code} ${reason}`));
      client.ping('hello');
      await until(() => log.length === 4 * (i + 1));
    }

    // The pong may come first.
    assert.deepStrictEqual(log.slice(0, 2).sort(), [
      'ping hello',
      'pong hello'
    ]);
    assert.deepStrictEqual(log.slice(2, 4).sort(), [
      '4000 enough',
      'peer 4000 enough'
    ]);
    assert.strictEqual(log.length, 8);
  });

  it('go back to Node with every byte in its place', async (t) => {
    const touches = [
      (socket) => socket.on('data', () => {}),
      (socket) => socket.setTimeout(60_000),
      (socket) =>
        socket.on('readable', () => {
          while (socket.read() !== null);
        })
    ];

    for (const touch of touches) {
      const { pairs } = await openThreaded(t, 8);
      const count = 2 * SIZES.length;
      const checks = pairs.flatMap(({ client, peer }) => [
        check(client),
        check(peer)
      ]);

      for (const [n, { peer }] of pairs.entries()) {
        peer.on('message', () => {
          if (checks[2 * n + 1].count === n + 1) touch(peer._socket);
        });
      }
      for (let i = 0; i < count; i++) {
        for (const { client, peer } of pairs) {
          client.send(message(i));
          peer.send(message(i));
        }
      }

      await until(() => checks.every((seen) => seen.count === count));
      for (const { wrong } of checks) assert.deepStrictEqual(wrong, []);
      for (const { peer } of pairs) {
        assert.strictEqual(peer.transport, 'stream');
      }
    }
  });
});

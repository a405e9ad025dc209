'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { exchange, upgradeRequest } = require('../support/raw-http');
const { listen } = require('../support/peers');
const { skip, turns, until } = require('../support/loop');
const { BINARY, frame, MASK, TEXT } = require('../support/frames');
const ours = require('../..');
const { kConnection } = require('../../lib/members');
const native = require('../../lib/native');
const { WAITING } = require('../../lib/native/numbers').counter;

const masked = (opcode, data) => frame(opcode, data, { mask: MASK });
const upTo = (count) => Array.from({ length: count }, (_, i) => i);

/**
 * Raw peers of a server, and what each has received: more than get handles of
 * their own, so that several are ready together.
 */
async function openMany(t, count) {
  const wss = await listen(t, ours.WebSocketServer);
  const peers = [];

  for (let i = 0; i < count; i++) {
    const connected = once(wss, 'connection');
    const { socket } = await exchange(wss.address().port, upgradeRequest());
    const [ws] = await connected;
    const peer = { received: Buffer.alloc(0), socket, ws };

    t.after(() => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      peer.received = Buffer.concat([
        peer.received,
        Buffer.from(chunk, 'latin1')
      ]);
    });
    peers.push(peer);
  }

  await turns();
  return { peers, wss };
}

/** Has something for all of them come before any has its turn. */
function writeToAll(peers, bytes) {
  for (const [i, { socket }] of peers.entries()) socket.write(bytes(i));
}

describe('Short answers of sockets that are ready together', { skip }, () => {
  it('are those of their connection, of every length', async (t) => {
    const { peers } = await openMany(t, 12);
    const sizes = [0, 1, 7, 8, 125, 126, 2047, 2048, 2049, 20_000, 70_000, 3];
    const data = sizes.map((size, i) => Buffer.alloc(size, 65 + i));

    for (const { ws } of peers) ws.on('message', (message) => ws.send(message));
    writeToAll(peers, (i) => masked(BINARY, data[i]));

    for (const [i, peer] of peers.entries()) {
      const expected = frame(BINARY, data[i]);

      await until(() => peer.received.length >= expected.length);
      assert.deepStrictEqual(peer.received, expected);
    }
  });

  it('to many messages of a chunk come in their order', async (t) => {
    const { peers } = await openMany(t, 10);
    const of = (i, n) => `${i}:${n}`.padEnd(40, '.');

    for (const { ws } of peers) ws.on('message', (message) => ws.send(message));
    writeToAll(peers, (i) =>
      Buffer.concat(upTo(50).map((n) => masked(BINARY, of(i, n))))
    );

    for (const [i, peer] of peers.entries()) {
      const expected = Buffer.concat(
        upTo(50).map((n) => frame(BINARY, of(i, n)))
      );

      await until(() => peer.received.length >= expected.length);
      assert.deepStrictEqual(peer.received, expected);
    }
  });

  it('stay in order with other frames and what is written to the socket', async (t) => {
    const { peers } = await openMany(t, 10);
    const called = [];

    for (const [i, { ws }] of peers.entries()) {
      ws.on('message', (message) => {
        ws.send(message);
        ws.send('text');
        ws.send(Buffer.from('called back'), () => called.push(i));
        ws.ping('ping');
        ws.send(Buffer.from('last'));
        if (i % 2 === 0) ws._socket.write('raw');
      });
    }

    writeToAll(peers, () => masked(BINARY, 'first'));

    for (const [i, peer] of peers.entries()) {
      const expected = Buffer.concat([
        frame(BINARY, 'first'),
        frame(TEXT, 'text'),
        frame(BINARY, 'called back'),
        frame(9, 'ping'),
        frame(BINARY, 'last'),
        Buffer.from(i % 2 === 0 ? 'raw' : '')
      ]);

      await until(() => peer.received.length >= expected.length);
      assert.deepStrictEqual(peer.received, expected);
    }

    await until(() => called.length === 10);
    assert.deepStrictEqual(called.toSorted(), upTo(10));
  });

  it('are copied: what their memory is used for then does not matter', async (t) => {
    const { peers } = await openMany(t, 10);

    for (const { ws } of peers) {
      ws.on('message', (message) => {
        ws.send(message);
        message.fill(0);
      });
    }

    writeToAll(peers, (i) => masked(BINARY, `number ${i}`));

    for (const [i, peer] of peers.entries()) {
      const expected = frame(BINARY, `number ${i}`);

      await until(() => peer.received.length >= expected.length);
      assert.deepStrictEqual(peer.received, expected);
    }
  });

  it('may be of memory that was taken away', async (t) => {
    const { peers } = await openMany(t, 10);

    for (const { ws } of peers) {
      ws.on('message', () => {
        const data = Buffer.from(new Uint8Array(10).fill(1).buffer);

        structuredClone(data.buffer, { transfer: [data.buffer] });
        ws.send(data);
      });
    }

    writeToAll(peers, () => masked(BINARY, 'go'));

    for (const peer of peers) {
      await until(() => peer.received.length >= 2);
      assert.deepStrictEqual(peer.received, frame(BINARY, ''));
    }
  });

  it('are no longer than their memory, whatever that says', async (t) => {
    for (const length of [40, 3, -1, NaN, 5000]) {
      const { peers } = await openMany(t, 10);

      for (const { ws } of peers) {
        ws.on('message', () => {
          const data = Buffer.from('abcdefgh');

          Object.defineProperty(data, 'length', { value: length });
          ws.send(data);
        });
      }

      writeToAll(peers, () => masked(BINARY, 'go'));

      const expected = frame(BINARY, 'abcdefgh');

      for (const peer of peers) {
        await until(() => peer.received.length >= 2);
        await turns();
        assert.deepStrictEqual(peer.received, expected);
      }
    }
  });

  it('leave before a connection is terminated or closed', async (t) => {
    const { peers } = await openMany(t, 10);

    for (const [i, { ws }] of peers.entries()) {
      ws.on('message', (message) => {
        ws.send(message);
        if (i % 2 === 0) ws.terminate();
        else ws.close(1000);
      });
    }

    writeToAll(peers, () => masked(BINARY, 'bye'));

    for (const [i, peer] of peers.entries()) {
      const expected = Buffer.concat([
        frame(BINARY, 'bye'),
        i % 2 === 0 ? Buffer.alloc(0) : frame(8, Buffer.from([0x03, 0xe8]))
      ]);

      await until(() => peer.received.length >= expected.length);
      assert.deepStrictEqual(peer.received, expected);
    }
  });

  it('count as sent', async (t) => {
    const { peers, wss } = await openMany(t, 10);

    for (const { ws } of peers) ws.on('message', (message) => ws.send(message));
    writeToAll(peers, () => masked(BINARY, 'counted'));
    await until(() => peers.every(({ received }) => received.length === 9));

    assert.strictEqual(wss.metrics().sent.messages, 10);
    assert.deepStrictEqual(
      peers.map(({ ws }) => ws._socket.bytesWritten > 9),
      upTo(10).map(() => true)
    );
  });

  it('wait for others, but not if their listener has worked for long', async (t) => {
    const { peers } = await openMany(t, 10);
    const waiting = [];
    const ask = ({ [kConnection]: { decoder } }) =>
      native.connectionState(decoder.id, WAITING);

    for (const [i, { ws }] of peers.entries()) {
      ws.on('message', (message) => {
        if (i !== 0) return;

        ws.send(message);
        waiting.push(ask(ws));

        const end = performance.now() + 5;

        while (performance.now() < end);
        ws.send(Buffer.from('more'));
        waiting.push(ask(ws));
      });
    }

    writeToAll(peers, () => masked(BINARY, 'report'));
    await until(() => peers[0].received.length === 8 + 6);
    assert.deepStrictEqual(waiting, [8, 0]);
  });
});

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { isLight } = require('../../lib/wire/materialize');
const { BINARY, frame, MASK } = require('../support/frames');
const { eventually } = require('../support/patience');
const { portOf, upgradeRequest } = require('../support/raw-http');
const { serve } = require('../support/servers');

const skip = isAvailable ? false : 'there is no native wire to accept with';

/** Peers that keep what they get; `allowHalfOpen`, so that it may come late. */
async function openPeers(t, port, count) {
  const peers = [];

  for (let i = 0; i < count; i++) {
    const socket = net.connect({
      allowHalfOpen: true,
      host: '127.0.0.1',
      port
    });
    const peer = { length: 0, socket };

    t.after(() => socket.destroy());
    socket.on('error', () => {});
    socket.write(upgradeRequest());

    const [answer] = await once(socket, 'data');

    assert.match(String(answer), /^HTTP\/1\.1 101 /);
    socket.on('data', (chunk) => (peer.length += chunk.length));
    peers.push(peer);
  }

  return peers;
}

/** A server that echoes, and the codes of the connections that were closed. */
async function openEchoes(t) {
  const wss = serve(t, { host: '127.0.0.1' });
  const closed = [];

  wss.on('connection', (ws) => {
    assert.strictEqual(isLight(ws._socket), isAvailable);
    ws.on('error', () => {});
    ws.on('message', (data) => ws.send(data));
    ws.on('close', (code) => closed.push(code));
  });
  return { closed, port: await portOf(wss), wss };
}

describe('Peers that end right behind a message', { skip }, () => {
  for (const count of [1, 2, 5, 10, 30]) {
    it(`get their answer, and are closed: ${count}`, async (t) => {
      const { closed, port, wss } = await openEchoes(t);
      const peers = await openPeers(t, port, count);
      const ended = peers.map(({ socket }) => once(socket, 'end'));

      // The server finds all at once.
      for (const { socket } of peers) {
        socket.write(frame(BINARY, 'x', { mask: MASK }));
        socket.end();
      }
      await Promise.all(ended);
      await eventually(
        () => closed.length === count,
        () => `${closed.length} of ${count}`
      );
      assert.deepStrictEqual(closed, Array(count).fill(1006));
      assert.strictEqual(wss.clients.size, 0);
      assert.deepStrictEqual(
        peers.map(({ length }) => length),
        Array(count).fill(3)
      );
    });
  }

  it('are closed, too, if they are gone', async (t) => {
    const { closed, port } = await openEchoes(t);
    const peers = await openPeers(t, port, 10);

    for (const { socket } of peers) {
      socket.write(frame(BINARY, 'x', { mask: MASK }));
      socket.destroy();
    }
    await eventually(
      () => closed.length === 10,
      () => `${closed.length} of 10`
    );
  });

  it('get an answer that the kernel does not take at once', async (t) => {
    const { closed, port } = await openEchoes(t);
    const peers = await openPeers(t, port, 6);
    const bytes = frame(BINARY, Buffer.alloc(8 << 20, 1), { mask: MASK });

    for (const { socket } of peers) socket.pause();
    for (const { socket } of peers) socket.end(bytes);
    await Promise.all(peers.map(({ socket }) => once(socket, 'finish')));
    for (const { socket } of peers) socket.resume();
    await eventually(
      () => closed.length === 6,
      () => `${closed.length} of 6`
    );
    await eventually(
      () => peers.every(({ length }) => length === (8 << 20) + 10),
      () => peers.map(({ length }) => length).join()
    );
  });
});

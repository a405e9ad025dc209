'use strict';

const assert = require('node:assert');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { describe, it } = require('node:test');

const { frame, MASK, TEXT } = require('../support/frames');
const { turns } = require('../support/loop');
const { openRawClient } = require('../support/pairs');
const { eventually } = require('../support/patience');

const CHILD = path.join(__dirname, '../support/take-socket.js');

const skip =
  process.platform === 'win32' && 'sockets have no descriptors on Windows';

/** Sends a socket to another process, which has it when this is done. */
async function giveAway(t, socket) {
  const child = fork(CHILD);

  t.after(async () => {
    child.disconnect();
    await once(child, 'exit');
  });
  child.send('a socket', socket);
  await once(child, 'message');
}

/** Starts a server of TCP, none of WebSockets. */
async function startServer(t) {
  const server = net.createServer().listen(0, '127.0.0.1');

  t.after(() => server.close());
  await once(server, 'listening');
  return server;
}

/** Opens connections until an end has the descriptor: this and the other. */
async function reuse(t, server, fd) {
  for (let i = 0; i < 20; i++) {
    const near = net.connect(server.address().port, '127.0.0.1');
    const [far] = await once(server, 'connection');

    t.after(() => {
      near.destroy();
      far.destroy();
    });
    if (near.connecting) await once(near, 'connect');
    if (near._handle.fd === fd) return [near, far];
    if (far._handle.fd === fd) return [far, near];
  }

  throw new Error(`No connection has descriptor ${fd}`);
}

describe('A socket that was sent to another process', { skip }, () => {
  it('neither reads nor writes the connection that has its number now', async (t) => {
    // Before there is a descriptor that it could get.
    const server = await startServer(t);
    const { peer, socket } = await openRawClient(t);
    const events = [];

    for (const name of ['message', 'error', 'close']) {
      peer.on(name, (value) => events.push([name, String(value)]));
    }
    peer._socket.on('error', (err) => events.push(['socket', err.message]));
    socket.on('error', () => {});
    socket.resume();
    // From now on frames go to the descriptor.
    peer.send('before');
    await turns();

    const { fd } = peer._socket._handle;

    await giveAway(t, peer._socket);

    const [other, others] = await reuse(t, server, fd);
    const received = [];

    others.on('data', (data) => received.push(data));

    // Nobody may read this but `other`, which is not asked to yet.
    others.write(frame(TEXT, 'for another', { mask: MASK }));
    await turns(20);
    // In ways that end in three places: joined, large, and raw.
    peer.send('secret', () => {});
    peer.send(Buffer.alloc(20_000), () => {});
    peer._sender.sendFrame([Buffer.alloc(20_000)], () => {});
    await turns(20);
    other.write('end');
    await eventually(
      () => String(Buffer.concat(received)).endsWith('end'),
      () => `${received.length} chunks`
    );
    assert.strictEqual(String(Buffer.concat(received)), 'end');

    const [data] = await once(other, 'data');

    assert.deepStrictEqual(data, frame(TEXT, 'for another', { mask: MASK }));
    assert.deepStrictEqual(
      events.filter(([name]) => name === 'message'),
      []
    );
  });
});

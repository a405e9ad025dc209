'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { frame, FrameReader, MASK, TEXT } = require('../support/frames');
const { turns } = require('../support/loop');
const { openRawClient } = require('../support/pairs');
const { eventually } = require('../support/patience');

/** Opens a connection whose frames have gone past the socket. */
async function open(t) {
  const { peer, socket } = await openRawClient(t);
  const reader = new FrameReader();
  const received = [];

  socket.on('data', (chunk) => {
    for (const { payload } of reader.push(Buffer.from(chunk, 'latin1'))) {
      received.push(String(payload));
    }
  });
  socket.resume();
  await turns();
  peer.send('first');
  await eventually(
    () => received.length === 1,
    () => 'the first message'
  );
  return { peer, received, socket };
}

/** Puts another write() on a socket, which notes the bytes. */
function watch(socket) {
  const { write } = socket;
  const seen = [];

  socket.write = function (chunk, ...args) {
    seen.push(Buffer.from(chunk));
    return write.call(this, chunk, ...args);
  };
  return { seen, write };
}

describe('A write() that replaces that of the socket after frames', () => {
  it('gets the frames of the tick, and of listeners', async (t) => {
    const { peer, received, socket } = await open(t);
    const { seen } = watch(peer._socket);
    const large = 'c'.repeat(20_000);

    peer.send('a');
    peer.on('message', (data) => peer.send(data.toString()));
    socket.write(frame(TEXT, 'b', { mask: MASK }));
    await once(peer, 'message');
    peer.send(large);
    await eventually(
      () => received.length === 4,
      () => JSON.stringify(received).slice(0, 100)
    );
    assert.deepStrictEqual(received, ['first', 'a', 'b', large]);
    assert.deepStrictEqual(
      Buffer.concat(seen),
      Buffer.concat([frame(TEXT, 'a'), frame(TEXT, 'b'), frame(TEXT, large)])
    );
  });

  it('gets none of the frames that were sent before', async (t) => {
    const { peer, received } = await open(t);

    peer.send('before');

    const { seen } = watch(peer._socket);

    peer.send('behind');
    await eventually(
      () => received.length === 3,
      () => JSON.stringify(received)
    );
    assert.deepStrictEqual(received, ['first', 'before', 'behind']);
    assert.deepStrictEqual(Buffer.concat(seen), frame(TEXT, 'behind'));
  });

  it('may go again, and the order stays', async (t) => {
    const { peer, received } = await open(t);
    const { seen, write } = watch(peer._socket);

    peer.send('a');
    await turns();
    peer._socket.write = write;
    peer.send('b');
    await turns();
    delete peer._socket.write;
    peer.send('c');
    await eventually(
      () => received.length === 4,
      () => JSON.stringify(received)
    );
    assert.deepStrictEqual(received, ['first', 'a', 'b', 'c']);
    assert.deepStrictEqual(Buffer.concat(seen), frame(TEXT, 'a'));
  });

  it('may be that of one socket, which leaves others as they are', async (t) => {
    const { peer } = await open(t);
    const another = await open(t);
    const { seen } = watch(peer._socket);

    another.peer.send('a');
    await eventually(
      () => another.received.length === 2,
      () => JSON.stringify(another.received)
    );
    assert.deepStrictEqual(seen, []);
    assert.ok(!Object.hasOwn(another.peer._socket, 'write'));
  });

  it('may be on a prototype before that of a socket which was not touched yet', async (t) => {
    const { peer, socket } = await openRawClient(t);
    const { _socket: raw } = peer;
    const base = Object.getPrototypeOf(raw);
    const seen = [];

    Object.setPrototypeOf(raw, {
      __proto__: base,
      write(chunk, ...args) {
        seen.push(Buffer.from(chunk));
        return base.write.call(this, chunk, ...args);
      }
    });
    peer.send('first');
    peer.send('second');
    socket.resume();
    await eventually(
      () => Buffer.concat(seen).length === 15,
      () => Buffer.concat(seen).toString('hex')
    );
    assert.deepStrictEqual(
      Buffer.concat(seen),
      Buffer.concat([frame(TEXT, 'first'), frame(TEXT, 'second')])
    );
  });
});

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { BINARY, frame, MASK, TEXT } = require('../support/frames');
const { openRawClient } = require('../support/pairs');
const { skip, turns } = require('../support/loop');

const text = frame(TEXT, 'a', { mask: MASK });
const [major, minor] = process.versions.uv.split('.').map(Number);
const isNew = major > 1 || minor >= 52;

describe(
  'A reset right behind bytes',
  {
    // For newer versions, and where there is no epoll, it is an error.
    skip: (isNew || process.platform !== 'linux') && 'libuv takes it for no end'
  },
  () => {
    for (const transport of ['stream', 'loop']) {
      for (const allowSynchronousEvents of [true, false]) {
        const how = `${transport}, ${allowSynchronousEvents ? 'together' : 'one a macrotask'}`;

        it(
          `is an end, behind what came and before what waits, on ${how}`,
          { skip: transport === 'loop' && skip },
          async (t) => {
            const { peer, socket } = await openRawClient(t, {
              allowSynchronousEvents
            });
            const log = [];

            peer.on('message', () => log.push(`message ${peer.readyState}`));
            if (transport === 'stream') peer._socket.on('data', () => {});
            peer._socket.on('end', () => log.push('end'));
            peer._socket.on('error', (err) => log.push(err.code));
            await turns();
            assert.strictEqual(peer.transport, transport);

            const closed = once(peer, 'close');

            // Both are there before anybody looks.
            socket.write(text, () => {
              socket.resetAndDestroy();
            });
            const [code] = await closed;

            assert.strictEqual(code, 1006);
            assert.deepStrictEqual(
              log,
              allowSynchronousEvents
                ? ['message 1', 'end']
                : ['end', 'message 2']
            );
          }
        );
      }
    }

    it('is an end behind a long message that is read to its last byte', async (t) => {
      const log = await lookAt(t, async (socket, peer) => {
        // The next one is expected to be as long.
        socket.write(binary(20_000));
        await once(peer, 'message');
        socket.write(binary(40_000), () => socket.resetAndDestroy());
      });

      assert.deepStrictEqual(log, ['20000 bytes', '40000 bytes', 'end']);
    });

    it('is an error behind 64 KiB, as much as libuv reads at once', async (t) => {
      const log = await lookAt(t, async (socket, peer) => {
        socket.write(binary(65_526));
        await once(peer, 'message');
        // Eight bytes are its header.
        socket.write(binary(65_528), () => socket.resetAndDestroy());
      });

      assert.deepStrictEqual(log, ['65526 bytes', '65528 bytes', 'ECONNRESET']);
    });

    it('is an end behind what has come while the connection was paused', async (t) => {
      const log = await lookAt(t, async (socket, peer) => {
        peer.pause();
        socket.write(text, () => socket.resetAndDestroy());
        await once(socket, 'close');
        await turns();
        peer.resume();
      });

      assert.deepStrictEqual(log, ['1 bytes', 'end']);
    });
  }
);

const binary = (length) => frame(BINARY, Buffer.alloc(length), { mask: MASK });

/** What a server sees of a client that does something, and is closed then. */
async function lookAt(t, act) {
  const { peer, socket } = await openRawClient(t);
  const log = [];

  peer.on('message', (data) => log.push(`${data.length} bytes`));
  peer._socket.on('end', () => log.push('end'));
  peer._socket.on('error', (err) => log.push(err.code));
  await turns();

  const closed = once(peer, 'close');

  await act(socket, peer);
  await closed;
  return log;
}

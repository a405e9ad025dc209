'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { closing } = require('../../lib/wire/closing');
const { turns } = require('../support/loop');
const { isAvailable } = require('../../lib/wire/promotion');
const { openRawClient } = require('../support/pairs');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');

const skip = isAvailable ? false : 'there is no native wire to accept with';

describe('A socket whose handle was made when it was touched', { skip }, () => {
  for (const end of ['destroy', 'resetAndDestroy']) {
    it(`says once that it is closed, and is forgotten (${end})`, async (t) => {
      const { wss } = await openRawClient(t);
      const port = await portOf(wss);
      const peers = [];

      wss.on('connection', (peer) => peers.push(peer));
      // The first connection is libuv's, with a handle.
      for (let i = 0; i < 4; i++) {
        const { socket } = await exchange(port, upgradeRequest());

        socket.on('error', () => {});
        socket.resume();
        t.after(() => socket.destroy());
      }

      const closed = [];

      for (const [i, peer] of peers.entries()) {
        peer._socket.on('close', () => closed.push(`socket ${i}`));
        peer.on('close', (code) => closed.push(`${i} ${code}`));
      }

      const last = once(peers[3]._socket, 'close');

      for (const peer of peers) peer._socket[end]();
      assert.strictEqual(closing.size > 0, true);
      await last;
      await turns();
      assert.strictEqual(closing.size, 0);
      assert.deepStrictEqual(
        [...closed].sort(),
        [0, 1, 2, 3].flatMap((i) => [`${i} 1006`, `socket ${i}`]).sort()
      );
    });
  }

  it('may have its handle closed by the program, which is called back', async (t) => {
    const { wss } = await openRawClient(t);
    const connected = once(wss, 'connection');
    const { socket } = await exchange(await portOf(wss), upgradeRequest());
    const [peer] = await connected;

    socket.on('error', () => {});
    socket.resume();
    t.after(() => socket.destroy());
    peer._socket.on('drain', () => {});

    const handle = peer._socket._handle;
    const [self] = await new Promise((resolve) => {
      handle.close(function onClosed(...args) {
        resolve([this, args]);
      });
    });

    assert.strictEqual(self, handle);
    assert.strictEqual(closing.size, 0);
  });
});

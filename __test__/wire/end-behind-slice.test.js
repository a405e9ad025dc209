'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { watchOtherEnd } = require('../support/arrived');
const { BINARY, frame, MASK } = require('../support/frames');
const { closeOf, openRawClient } = require('../support/pairs');
const { skip, turns } = require('../support/loop');

const binary = (length) => frame(BINARY, Buffer.alloc(length), { mask: MASK });

// libuv reads 64 KiB at once, and reads on if it got as much.
describe('An end right behind 64 KiB', { skip }, () => {
  for (const [what, first] of [
    ['the first that comes', 0],
    ['behind one that was as long', 65_526]
  ]) {
    for (const [how, word] of [
      ['end', 'end'],
      ['resetAndDestroy', 'ECONNRESET']
    ]) {
      it(`is met before what waits for a macrotask: ${how}(), ${what}`, async (t) => {
        const { peer, socket } = await openRawClient(t, {
          allowSynchronousEvents: false
        });
        const log = [];

        await turns();

        if (first > 0) {
          socket.write(binary(first));
          await once(peer, 'message');
          await turns();
        }

        peer.on('message', () => log.push(`message ${peer.readyState}`));
        peer._socket.on('end', () => log.push('end'));
        peer._socket.on('error', ({ code }) => log.push(code));

        const closed = closeOf(peer);
        const hold = watchOtherEnd(socket);

        // Both are in the kernel before the loop looks for what can be read.
        if (how === 'end') {
          socket.end(binary(65_528), hold.end);
        } else {
          socket.write(binary(65_528), () => {
            hold.bytes(65_536);
            socket.resetAndDestroy();
            hold.reset();
          });
        }

        await closed;
        assert.deepStrictEqual(log, [word, 'message 2']);
      });
    }
  }
});

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { frame, MASK, TEXT } = require('../support/frames');
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
  }
);

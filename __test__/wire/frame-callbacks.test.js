'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const native = require('../../lib/native');
const FrameCallbacks = require('../../lib/wire/frame-callbacks');
const { inContext } = require('../../lib/wire/send-callbacks');
const { frame, MASK, TEXT } = require('../support/frames');
const { turns } = require('../support/loop');
const { openRawClient } = require('../support/pairs');
const { eventually } = require('../support/patience');

const SIZE = 5000;
/** With its header. */
const FRAME_SIZE = SIZE + 4;
/** Joined frames are written when they are so many bytes. */
const JOINED = 16 * 1024;

/** Where a program may send: what becomes of it differs. */
const PLACES = {
  'a listener of messages': async (peer, socket, work) => {
    const worked = once(peer, 'message');

    peer.once('message', work);
    socket.write(frame(TEXT, 'go', { mask: MASK }));
    await worked;
  },
  'a timer': (peer, socket, work) =>
    new Promise((resolve) => {
      setTimeout(() => {
        work();
        resolve();
      }, 1);
    })
};

for (const [place, within] of Object.entries(PLACES)) {
  describe(`Callbacks of frames that were sent in ${place}`, () => {
    it('are called for those written, though the peer reads no more', async (t) => {
      const { peer, socket } = await openRawClient(t);
      const payload = Buffer.alloc(SIZE);
      const called = [];
      let count = 0;
      let left = 0;

      socket.pause();
      await turns();
      await within(peer, socket, () => {
        // More than the kernel takes later, too.
        while (peer.bufferedAmount < 1 << 24) {
          const number = count++;

          peer.send(payload, () => called.push(number));
        }
        left = peer.bufferedAmount;
      });

      // The frames behind those may be written in one go with some before.
      const written = count * FRAME_SIZE - left;
      const sure = Math.floor((written - JOINED) / FRAME_SIZE) - 1;

      assert.ok(sure > 0, `${written} bytes written`);
      await eventually(
        () => called.length >= sure,
        () => `${called.length} callbacks of ${sure}`
      );
      assert.ok(called.length < count);
      socket.resume();
      await eventually(
        () => called.length === count,
        () => `${called.length} callbacks of ${count}`
      );
      assert.ok(called.every((number, i) => number === i));
    });

    it('keep the order of frames of which the socket writes some', async (t) => {
      const { peer, socket } = await openRawClient(t);
      const called = [];
      const note = (number) => () => called.push(number);

      socket.resume();
      await turns();
      peer.send('the socket is hooked', note(0));
      await turns();
      await within(peer, socket, () => {
        peer._socket.cork();
        peer.send('1', note(1));
        process.nextTick(() => peer.send('2', note(2)));
        process.nextTick(() => {
          // The first leaves the socket, which calls back in a later tick; in
          // between the second may be written.
          peer._socket.uncork();
          process.nextTick(() => {
            peer.send('3', note(3));
            peer.send(Buffer.alloc(20_000), note(4));
            peer._sender.sendFrame([frame(TEXT, '5')], note(5));
          });
        });
      });
      await eventually(
        () => called.length >= 6,
        () => `called: ${called}`
      );
      assert.deepStrictEqual(called, [0, 1, 2, 3, 4, 5]);

      // And it writes past the socket again, if nothing is queued there.
      peer.send('6', note(6));
      assert.strictEqual(peer._socket.writableLength, 0);
      await eventually(
        () => called.length >= 7,
        () => `called: ${called}`
      );
    });
  });
}

describe('Callbacks of frames whose fates become known one by one', () => {
  it('come in order, though the first have to wait for the next tick', async (t) => {
    const fates = [];
    const callbacks = new FrameCallbacks(0);
    const called = [];
    const send = (name) => {
      const pending = callbacks.add(() => called.push(name));

      process.nextTick(inContext, pending);
    };
    const written = () => {
      // One frame, without an error.
      fates.push(4);
      callbacks.settleSoon();
    };

    t.mock.method(native, 'nextFates', () => fates.shift() ?? 0);
    send('of the tick before');
    await turns(1);
    send('of this tick');
    // Another thread may write the second behind the look at the first.
    written();
    written();
    await turns(1);
    assert.deepStrictEqual(called, ['of the tick before', 'of this tick']);
  });
});

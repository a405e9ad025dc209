'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { CLOSE, closePayload, frame, MASK, TEXT } = require('../support/frames');
const { openRawClient } = require('../support/pairs');
const { skip, skipTouches, turns } = require('../support/loop');

const isWindows = process.platform === 'win32';
const close = frame(CLOSE, closePayload(1000), { mask: MASK });
const text = frame(TEXT, 'a', { mask: MASK });

describe('A close frame with a FIN right behind it', () => {
  for (const transport of ['stream', 'loop']) {
    for (const count of [0, 1, 3]) {
      it(
        `is answered after ${count} messages, one a macrotask, on ${transport}`,
        { skip: transport === 'loop' && skip },
        async (t) => {
          const { socket, peer } = await openRawClient(t, {
            allowSynchronousEvents: false
          });
          const seen = [];
          let answer = '';

          peer.on('message', (data) => seen.push(String(data)));
          if (transport === 'stream') peer._socket.on('data', () => {});
          await turns();
          assert.strictEqual(peer.transport, transport);

          socket.on('data', (chunk) => (answer += chunk));
          socket.resume();
          socket.end(Buffer.concat([...Array(count).fill(text), close]));

          const [[code]] = await Promise.all([
            once(peer, 'close'),
            once(socket, 'close')
          ]);

          assert.deepStrictEqual(seen, Array(count).fill('a'));
          assert.strictEqual(code, 1000);
          // With more to hand out, ws has sent its FIN by then, too; on Windows
          // (seen under Wine) with a single message.
          if (count < (isWindows ? 1 : 2)) {
            assert.strictEqual(answer, '\x88\x02\x03\xe8');
          }
        }
      );
    }
  }

  // Whoever answers has sent its own FIN then, so that of two ends in one process none sees its
  // 'close' a turn of the loop before it would with ws.
  for (const transport of ['stream', 'loop']) {
    it(
      `is answered before that is met, on ${transport}`,
      { skip: transport === 'loop' && skipTouches },
      async (t) => {
        // With so many the selector tells of all at once what has come.
        for (let i = 0; i < 9; i++) await openRawClient(t);

        const { socket, peer } = await openRawClient(t);
        const seen = [];

        if (transport === 'stream') peer._socket.on('data', () => {});
        await turns();
        assert.strictEqual(peer.transport, transport);

        for (const event of ['finish', 'end']) {
          peer._socket.on(event, () => seen.push(event));
        }
        socket.resume();
        socket.end(close);
        await once(peer, 'close');
        assert.deepStrictEqual(seen, ['finish', 'end']);
      }
    );
  }
});

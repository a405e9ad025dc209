'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { CLOSE, closePayload, frame, MASK, TEXT } = require('../support/frames');
const { openRawClient } = require('../support/pairs');
const { skip, turns } = require('../support/loop');

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
});

'use strict';

// How much a socket says is still to be written. What is expected is what `ws` does; see
// ticks-of-sends.test.js.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { openRaw, ROLES } = require('../support/ends');
const { frame, MASK, PONG } = require('../support/frames');

/** What the socket and the connection count, after each of six sends of one tick. */
function lengths(ws, callback) {
  const seen = [];

  for (let i = 0; i < 6; i++) {
    ws.send(Buffer.alloc(1000), callback);
    seen.push([ws._socket.writableLength, ws.bufferedAmount]);
  }

  return seen;
}

/** So many frames, with their headers of so many bytes. */
function expected(header, before = 0) {
  return [1, 2, 3, 4, 5, 6].map((count) => {
    const length = before + count * (header + 1000);

    return [length, length];
  });
}

describe('Frames that wait for the end of the tick', () => {
  for (const wire of ['tls', 'duplex']) {
    it(`count in writableLength where a stream writes them later (${wire})`, async (t) => {
      for (const role of ROLES) {
        for (const callback of [undefined, () => {}]) {
          const { ws } = await openRaw(t, { role, wire });

          assert.deepStrictEqual(
            lengths(ws, callback),
            expected(role === 'client' ? 8 : 4),
            role
          );
        }
      }
    });
  }

  it('count in writableLength of a TLS socket that has nothing else to write', async (t) => {
    const { socket, ws } = await openRaw(t, { wire: 'tls' });
    const seen = [];

    ws.on('ping', () => {
      ws.pong('x');
      seen.push(ws._socket.writableLength);
    });
    ws._autoPong = false;

    const heard = new Promise((resolve) => {
      ws.on('pong', resolve);
    });

    socket.write(
      Buffer.concat([
        frame(9, '1', { mask: MASK }),
        frame(9, '2', { mask: MASK }),
        frame(PONG, '', { mask: MASK })
      ])
    );
    await heard;
    assert.deepStrictEqual(seen, [3, 6]);
  });
});

'use strict';

// With ws a message is inflated on another thread, which takes longer than the end of the stream
// that came together with it, and what follows that.

const assert = require('node:assert');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { constants, deflateRawSync } = require('node:zlib');

const { WebSocket } = require('../support/implementation');
const { hex } = require('../support/events');
const { BINARY, frame, MASK, TEXT } = require('../support/frames');
const { skip: noLoop } = require('../support/loop');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');

/** Why nobody knows of an end that Node has not read, as api.md says, or `false`. */
const skip =
  noLoop && process.platform !== 'linux' && 'only Linux tells of such an end';
const { Z_SYNC_FLUSH } = constants;
/** "Hello", compressed, as in RFC 7692, section 7.2.3.1. */
const HELLO = hex('c1 87 00 00 00 00 f2 48 cd c9 c9 07 00');

/** A connection with compression of a server, and the raw socket at its other end. */
async function open(t) {
  const wss = new WebSocket.Server({
    host: '127.0.0.1',
    perMessageDeflate: true,
    port: 0
  });

  t.after(() => wss.close());

  const connection = once(wss, 'connection');
  const { socket } = await exchange(
    await portOf(wss),
    upgradeRequest({ 'Sec-WebSocket-Extensions': 'permessage-deflate' })
  );
  const [ws] = await connection;

  return { socket, ws };
}

describe('A compressed message with the end of the stream right behind it', () => {
  for (const [what, before] of [
    ['alone', hex('')],
    ['behind a ping', hex('89 80 00 00 00 00')],
    [
      'behind a message in two pieces',
      hex('01 80 00 00 00 00  80 80 00 00 00 00')
    ],
    ['behind a long message', frame(TEXT, 'x'.repeat(90_000), { mask: MASK })]
  ]) {
    const title = `is handed out when the socket is closed, ${what}`;

    it(title, { skip }, async (t) => {
      const { socket, ws } = await open(t);
      const seen = [];

      ws.on('message', (data) => {
        if (data.length !== 5) return;
        seen.push(`${data} ${ws.readyState} ${ws._socket.destroyed}`);
        ws._socket.on('close', () => seen.push('late'));
        ws.send('answer', (err) => seen.push(err.message));
      });
      socket.end(Buffer.concat([before, HELLO]));

      const [code] = await once(ws, 'close');

      assert.strictEqual(code, 1006);
      assert.deepStrictEqual(seen, [
        'Hello 2 true',
        'WebSocket is not open: readyState 2 (CLOSING)'
      ]);
      assert.strictEqual(ws.readyState, WebSocket.CLOSED);
    });
  }

  it('is so, too, if it is long', async (t) => {
    const { socket, ws } = await open(t);
    const payload = randomBytes(100_000);
    const states = [];

    ws.on('message', (data) => {
      assert.deepStrictEqual(data, payload);
      states.push(ws.readyState);
    });
    socket.end(
      frame(
        BINARY,
        deflateRawSync(payload, { finishFlush: Z_SYNC_FLUSH }).subarray(0, -4),
        {
          mask: MASK,
          rsv: 4
        }
      )
    );
    await once(ws, 'close');
    assert.deepStrictEqual(states, [2]);
  });

  it('is so, too, if both came while the connection was paused', async (t) => {
    const { socket, ws } = await open(t);
    const seen = [];

    ws.on('message', (data) => {
      seen.push(String(data));
      ws._socket.on('close', () => seen.push('late'));
    });
    ws.pause();
    socket.end(HELLO);
    await new Promise((resolve) => setTimeout(resolve, 30));
    ws.resume();
    await once(ws, 'close');
    await new Promise(setImmediate);
    assert.deepStrictEqual(seen, ['Hello']);
  });
});

'use strict';

// A long message is read to where it belongs, up to its end. libuv reads what came behind it together
// with that, so ws hands it out whatever the listener of the long one does.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');

const { WebSocket } = require('../support/implementation');
const { CLOSE, frame, MASK, PING, TEXT } = require('../support/frames');
const { turns } = require('../support/loop');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');

const masked = (opcode, payload) => frame(opcode, payload, { mask: MASK });
const long = (length) => masked(TEXT, 'x'.repeat(length));

const LENGTH = 40_000;
const BEHIND = Buffer.concat([
  masked(TEXT, 'one'),
  masked(PING, 'two'),
  masked(TEXT, 'three'),
  masked(CLOSE, Buffer.from([0x03, 0xe8]))
]);
const ALL = ['long', 'one', 'ping two', 'three'];

/**
 * A connection of a server, the raw socket at its other end, and what listeners see once it has got a
 * message of `before` bytes, by which it expects that the next one is as long.
 */
async function open(t, { before = LENGTH, onLong, ...options }) {
  const wss = new WebSocket.Server({ host: '127.0.0.1', port: 0, ...options });

  t.after(() => wss.close());

  const connection = once(wss, 'connection');
  const { socket } = await exchange(await portOf(wss), upgradeRequest());
  const [ws] = await connection;
  const first = once(ws, 'message');
  const seen = [];

  t.after(() => socket.destroy());
  await turns(3);
  socket.write(long(before));
  await first;
  await turns(3);
  ws.on('ping', (data) => seen.push(`ping ${data}`));
  ws.on('message', (data) => {
    seen.push(data.length > 1000 ? 'long' : String(data));
    if (data.length > 1000) onLong(ws, socket);
  });
  return { seen, socket, ws };
}

const terminate = (ws) => ws.terminate();
const destroy = (ws) => ws._socket.destroy();

describe('What came in the slice in which a long message ends', () => {
  for (const [what, before, length] of [
    ['a message with room of its own', 40_000, 40_000],
    ['a message of more than 64 KiB', 5, 90_000],
    ['a message behind a very long one', 600_000, 40_000]
  ]) {
    for (const [name, onLong] of [
      ['terminate()', terminate],
      ['_socket.destroy()', destroy]
    ]) {
      it(`comes behind ${name} in the listener of ${what}`, async (t) => {
        const { seen, socket, ws } = await open(t, { before, onLong });

        socket.write(Buffer.concat([long(length), BEHIND]));

        const [code] = await once(ws, 'close');

        assert.deepStrictEqual(seen, ALL);
        assert.strictEqual(code, 1000);
      });
    }
  }

  it('comes behind terminate() with one event a macrotask', async (t) => {
    const options = { allowSynchronousEvents: false, onLong: terminate };
    const { seen, socket, ws } = await open(t, options);

    socket.write(Buffer.concat([long(LENGTH), BEHIND]));

    const [code] = await once(ws, 'close');

    assert.deepStrictEqual(seen, ALL);
    assert.strictEqual(code, 1000);
  });

  it('comes behind pause()', async (t) => {
    const { seen, socket, ws } = await open(t, { onLong: (ws) => ws.pause() });

    socket.write(Buffer.concat([long(LENGTH), BEHIND]));
    while (seen.length === 0) await turns(1);
    await delay(20);
    assert.deepStrictEqual(seen, ALL);
    socket.destroy();
    await once(ws, 'close');
  });

  it('is nothing that was sent since', async (t) => {
    const { seen, socket, ws } = await open(t, {
      onLong() {
        socket.write(masked(TEXT, 'late'));
        ws.terminate();
      }
    });

    socket.write(Buffer.concat([long(LENGTH), masked(TEXT, 'one')]));

    const [code] = await once(ws, 'close');

    assert.deepStrictEqual(seen, ['long', 'one']);
    assert.strictEqual(code, 1006);
  });

  it('counts as read', async (t) => {
    const { socket, ws } = await open(t, { onLong: terminate });
    const { _socket } = ws;
    const before = _socket.bytesRead;

    socket.write(Buffer.concat([long(LENGTH), BEHIND]));
    await once(ws, 'close');
    assert.strictEqual(
      _socket.bytesRead - before,
      long(LENGTH).length + BEHIND.length
    );
  });
});

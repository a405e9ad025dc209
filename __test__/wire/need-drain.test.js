'use strict';

// A stream of Node's that gets a header and a payload apart needs to be drained from there on to the next
// tick if both together reach its high-water mark, though the kernel takes them at once.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const ours = require('../..');
const theirs = require('ws');
const { skip, turns } = require('../support/loop');

/** What is around the mark: of the header alone, with a masking key, and more. */
const AROUND = [-20, -14, -11, -10, -9, -8, -7, -5, -4, -3, -1, 0, 1, 100_000];

/** Whether the socket needs to be drained behind a message, and how often it then was. */
async function drains(ws, peer, message) {
  const received = once(peer, 'message');
  let count = 0;
  const onDrain = () => count++;

  ws._socket.on('drain', onDrain);
  ws.send(message);

  const needed = ws._socket.writableNeedDrain;

  await received;
  await turns();
  ws._socket.off('drain', onDrain);
  return `${message.length}: ${needed}, ${count}`;
}

async function around(t, lib, isServer, make) {
  const wss = new lib.WebSocketServer({ host: '127.0.0.1', port: 0 });

  t.after(() => wss.close());
  await once(wss, 'listening');

  const url = `ws://127.0.0.1:${wss.address().port}`;
  const client = new lib.WebSocket(url, { perMessageDeflate: false });
  const connected = once(wss, 'connection');

  await once(client, 'open');

  const [server] = await connected;
  const [ws, peer] = isServer ? [server, client] : [client, server];
  const seen = [];

  t.after(() => client.terminate());
  await turns();
  for (const more of AROUND) {
    const length = ws._socket.writableHighWaterMark + more;

    seen.push(await drains(ws, peer, make(length)));
  }
  return { seen, transport: ws.transport };
}

// On the stream wire short frames are joined, and those just under the mark differ.
describe('A socket, when a message was taken at once,', { skip }, () => {
  for (const [what, make, isServer] of [
    ['bytes of a server', (length) => Buffer.alloc(length), true],
    ['bytes of a client', (length) => Buffer.alloc(length), false],
    ['text of a server', (length) => 'x'.repeat(length), true],
    ['text of a client', (length) => 'x'.repeat(length), false]
  ]) {
    it(`needs to be drained where it does with ws: ${what}`, async (t) => {
      const { seen, transport } = await around(t, ours, isServer, make);

      assert.strictEqual(transport, 'loop');
      assert.deepStrictEqual(
        seen,
        (await around(t, theirs, isServer, make)).seen
      );
    });
  }
});

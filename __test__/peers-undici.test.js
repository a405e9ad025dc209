'use strict';

// The WebSocket of undici, which is Node's own, at a server of this package.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const undici = require('undici');

const { Server } = require('../index');
const { noUndici } = require('./support/machine');
const {
  bytesOf,
  connect,
  inbox,
  LENGTHS,
  listen,
  textOf,
  queue
} = require('./support/peers');

const EXTENSIONS = [
  ['without compression', false],
  ['with permessage-deflate', { threshold: 0 }],
  [
    'with permessage-deflate, no context',
    { clientNoContextTakeover: true, serverNoContextTakeover: true }
  ],
  ['with permessage-deflate, small window', { serverMaxWindowBits: 9 }]
];

/** Keeps the messages of undici's side; binary ones become Buffers. */
function undiciInbox(client) {
  const { add, take } = queue();

  client.binaryType = 'arraybuffer';
  client.addEventListener('message', ({ data }) =>
    add(typeof data === 'string' ? data : Buffer.from(data))
  );
  return take;
}

function closeOf(client) {
  return new Promise((resolve) => {
    client.addEventListener('close', ({ code, reason, wasClean }) =>
      resolve([code, reason, wasClean])
    );
  });
}

for (const [name, perMessageDeflate] of EXTENSIONS) {
  describe(`undici, ${name}`, { skip: noUndici }, () => {
    async function open(t) {
      const server = await listen(t, Server, { perMessageDeflate });
      return connect(server, undici.WebSocket);
    }

    it('agrees on the extension', async (t) => {
      const [ws, client] = await open(t);

      assert.strictEqual(
        ws.extensions,
        perMessageDeflate ? 'permessage-deflate' : ''
      );
      assert.ok(client.extensions.startsWith(ws.extensions));
    });

    it('gives and gets text and binary of every length', async (t) => {
      const [ws, client] = await open(t);
      const data = LENGTHS.flatMap((n) => [textOf(n), bytesOf(n)]);
      const take = inbox(ws);
      const takeUndici = undiciInbox(client);

      for (const item of data) ws.send(item);
      assert.deepStrictEqual(await takeUndici(data.length), data);

      for (const item of data) client.send(item);
      assert.deepStrictEqual(await take(data.length), data);
    });

    it('gets fragments, with pings between them', async (t) => {
      const [ws, client] = await open(t);
      const take = undiciInbox(client);
      const ponged = once(ws, 'pong');

      ws.send('one ', { fin: false });
      ws.ping('between');
      ws.send(textOf(2000), { fin: false });
      ws.send('', { fin: false });
      ws.send(' two');

      assert.deepStrictEqual(await ponged, [Buffer.from('between')]);
      assert.deepStrictEqual(await take(1), [`one ${textOf(2000)} two`]);
    });

    it('closes from either side with a code and a reason', async (t) => {
      for (const [args, code] of [
        [[], 1005],
        [[1000], 1000],
        [[3000, 'é'.repeat(61)], 3000],
        [[4999, 'bye'], 4999]
      ]) {
        for (const isOurs of [true, false]) {
          const [ws, client] = await open(t);
          const ours = once(ws, 'close');
          const theirs = closeOf(client);

          if (isOurs) ws.close(...args);
          else client.close(...args);

          const [its, reason] = await ours;
          // undici answers a close frame with its code alone.
          const echoed = isOurs ? '' : (args[1] ?? '');

          assert.deepStrictEqual([its, String(reason)], [code, echoed]);
          assert.deepStrictEqual(await theirs, [code, args[1] ?? '', true]);
        }
      }
    });

    it('agrees on a subprotocol', async (t) => {
      const server = await listen(t, Server, { perMessageDeflate });
      const [ws, client] = await connect(server, undici.WebSocket, ['a', 'b']);

      assert.strictEqual(ws.protocol, 'a');
      assert.strictEqual(client.protocol, 'a');
    });
  });
}

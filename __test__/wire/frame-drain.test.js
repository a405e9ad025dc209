'use strict';

// A stream of Node's that gets a header and a payload apart needs to be drained from there on to the next
// tick if both together reach its high-water mark, though the kernel takes them at once.

const assert = require('node:assert');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const ours = require('../..');
const theirs = require('ws');
const { skip, turns } = require('../support/loop');
const peers = require('../support/peers');
const { httpServer, listen } = require('../support/wires');

/** What is around the mark: of the header alone, with a masking key, and more. */
const AROUND = [-20, -14, -11, -10, -9, -8, -7, -5, -4, -3, -1, 0, 1, 100_000];

/** Whether the socket needs to be drained behind a message, and how often it then was. */
async function drains(ws, peer, message, send = () => ws.send(message)) {
  const received = once(peer, 'message');
  let count = 0;
  const onDrain = () => count++;

  ws._socket.on('drain', onDrain);
  send();

  const needed = ws._socket.writableNeedDrain;

  await received;
  await turns();
  ws._socket.off('drain', onDrain);
  return `${message.length}: ${needed}, ${count}`;
}

function sends(ws, peer, message) {
  return drains(ws, peer, message);
}

/** The same, of a message for all. */
function drainsForAll(ws, peer, message, wss) {
  return drains(ws, peer, message, () => {
    if (wss.broadcast) wss.broadcast(message);
    else for (const each of wss.clients) each.send(message);
  });
}

/** The same, with a listener that is there only behind the message, or none. */
async function drainsBehind(ws, peer, message) {
  const received = once(peer, 'message');
  let count = 0;

  ws.send(message);

  const needed = ws._socket.writableNeedDrain;

  // If nobody asks in this tick, nothing is to come in later ones.
  if (message.length % 2 === 0) ws._socket.once('drain', () => count++);
  await received;
  await turns();
  ws._socket.on('drain', () => (count += 10));

  const later = ws._socket.writableNeedDrain;

  await turns();
  ws._socket.removeAllListeners('drain');
  return `${message.length}: ${needed}, ${count}, ${later}`;
}

async function around(t, lib, wire, isServer, make, look = sends) {
  const server = httpServer(wire);
  const wss = new lib.WebSocketServer({ server });
  const place = await listen(wire, server);

  t.after(() => place.close());

  const client = new lib.WebSocket(place.url, {
    ...place.clientOptions,
    perMessageDeflate: false
  });
  const connected = once(wss, 'connection');

  await once(client, 'open');

  const [accepted] = await connected;
  const [ws, peer] = isServer ? [accepted, client] : [client, accepted];
  const seen = [];

  t.after(() => client.terminate());
  await turns();
  for (const more of AROUND) {
    const length = ws._socket.writableHighWaterMark + more;

    seen.push(await look(ws, peer, make(length), wss));
  }
  return { seen, transport: ws.transport };
}

const bytes = (length) => Buffer.alloc(length);
const text = (length) => 'x'.repeat(length);
const wideUnits = (length) => '€'.repeat(length);
const wideText = (length) => '€'.repeat(length / 3) + 'x'.repeat(length % 3);

describe('A socket, when a message was taken at once,', () => {
  for (const wire of ['tcp', 'tls']) {
    for (const [what, make, isServer] of [
      ['bytes of a server', bytes, true],
      ['bytes of a client', bytes, false],
      ['text of a server', text, true],
      ['text of a client', text, false]
    ]) {
      it(`needs to be drained where it does with ws: ${what} over ${wire}`, async (t) => {
        const { seen, transport } = await around(t, ours, wire, isServer, make);

        if (!skip && wire === 'tcp') assert.strictEqual(transport, 'loop');
        assert.deepStrictEqual(
          seen,
          (await around(t, theirs, wire, isServer, make)).seen
        );
      });

      it(`is drained for who listens behind it: ${what} over ${wire}`, async (t) => {
        const look = (lib) =>
          around(t, lib, wire, isServer, make, drainsBehind);

        assert.deepStrictEqual(
          (await look(ours)).seen,
          (await look(theirs)).seen
        );
      });
    }
  }

  // Over TLS it is a matter of the stream, which we give bytes.
  for (const [what, make, isServer] of [
    ['of a server, in bytes', wideText, true],
    ['of a server, in units', wideUnits, true],
    ['of a client, in bytes', wideText, false],
    ['of a client, in units', wideUnits, false]
  ]) {
    it(
      `needs to be drained behind text that is no ASCII ${what}`,
      { skip },
      async (t) => {
        for (const look of [sends, drainsBehind]) {
          assert.deepStrictEqual(
            (await around(t, ours, 'tcp', isServer, make, look)).seen,
            (await around(t, theirs, 'tcp', isServer, make, look)).seen
          );
        }
      }
    );
  }

  for (const [what, make] of [
    ['bytes', bytes],
    ['text', text]
  ]) {
    it(`needs to be drained behind a message for all, too: ${what}`, async (t) => {
      const look = (lib) => around(t, lib, 'tcp', true, make, drainsForAll);

      assert.deepStrictEqual(
        (await look(ours)).seen,
        (await look(theirs)).seen
      );
    });
  }

  for (const accept of ['native', 'node']) {
    it(`is drained for who listens in the same listener: accept ${accept}`, async (t) => {
      const seen = async (lib) => {
        const wss = new lib.WebSocketServer({ accept, port: 0 });

        t.after(() => wss.close());
        await once(wss, 'listening');

        const client = new lib.WebSocket(
          `ws://127.0.0.1:${wss.address().port}`,
          { perMessageDeflate: false }
        );
        const log = [];

        t.after(() => client.terminate());
        wss.on('connection', (ws) => {
          ws.on('message', () => {
            ws.send(bytes(100_000));
            log.push(ws._socket.writableNeedDrain);
            ws._socket.once('drain', () => {
              log.push('drain', ws._socket.writableNeedDrain);
            });
          });
        });
        await once(client, 'open');
        for (let i = 0; i < 3; i++) {
          const received = once(client, 'message');

          client.send('more');
          await received;
          await turns();
        }
        return log;
      };

      assert.deepStrictEqual(await seen(ours), await seen(theirs));
    });
  }
});

describe('A frame of one long chunk on a stream', () => {
  it("leads to no 'drain' if the kernel takes it at once, as with ws", async (t) => {
    const payload = Buffer.alloc(200_000);
    const how = { fin: true, mask: true, opcode: 2, readOnly: true };

    for (const lib of [theirs, ours]) {
      const wss = await peers.listen(t, theirs.WebSocketServer);
      const ws = new lib.WebSocket(`ws://127.0.0.1:${wss.address().port}`);
      const received = once(wss, 'connection').then(([peer]) =>
        once(peer, 'message')
      );

      await once(ws, 'open');

      const socket = ws._socket;
      const { write } = socket;
      let count = 0;

      socket.write = (...args) => write.apply(socket, args);
      socket.on('drain', () => count++);
      ws._sender.sendFrame(lib.Sender.frame(payload, how));
      await received;
      await turns();
      assert.strictEqual(count, 0);
      ws.terminate();
    }
  });
});

describe(
  'The frames of a client that the kernel takes at once',
  { skip },
  () => {
    for (const [what, options, send] of [
      ['bytes', {}, (ws, bytes) => ws.send(bytes)],
      ['text', {}, (ws, bytes) => ws.send(bytes.toString('latin1'))],
      ['a Blob', {}, (ws, bytes) => ws.send(new Blob([bytes]))],
      [
        'what was compressed',
        { perMessageDeflate: true },
        (ws, b) => ws.send(b)
      ],
      [
        'a frame that was made before',
        {},
        (ws, bytes) => {
          const how = { fin: true, mask: true, opcode: 2, readOnly: false };

          ws._sender.sendFrame(ours.Sender.frame(bytes, how));
        }
      ]
    ]) {
      it(`lead to 'drain' only if they are two chunks, as with ws: ${what}`, async (t) => {
        const drains = [];
        const payload = randomBytes(100_000);

        for (const lib of [theirs, ours]) {
          const wss = await peers.listen(t, theirs.WebSocketServer, options);
          const url = `ws://127.0.0.1:${wss.address().port}`;
          const ws = new lib.WebSocket(url, {
            perMessageDeflate: false,
            ...options
          });
          const received = once(wss, 'connection').then(([peer]) =>
            once(peer, 'message')
          );
          let count = 0;

          await once(ws, 'open');
          await turns();
          ws._socket.on('drain', () => count++);
          send(ws, Buffer.from(payload));
          await received;
          await turns();
          drains.push(count);
          ws.terminate();
        }

        assert.strictEqual(drains[1], drains[0]);
        assert.strictEqual(drains[1], what === 'bytes' ? 0 : 1);
      });
    }
  }
);

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');
const tls = require('node:tls');
const { deflateRawSync, constants } = require('node:zlib');

const {
  BINARY,
  CLOSE,
  MASK,
  PING,
  closePayload,
  frame
} = require('../support/frames');
const { ownIdentity } = require('../support/own-tls');
const { upgradeRequest } = require('../support/raw-http');
const { serve } = require('../support/servers');
const { skipThreads: skip } = require('../support/threads');

const EXTENSION = 'permessage-deflate; client_no_context_takeover';

function deflated(byte) {
  const payload = deflateRawSync(Buffer.alloc(1000, byte), {
    finishFlush: constants.Z_SYNC_FLUSH
  });

  return frame(BINARY, payload.subarray(0, -4), { mask: MASK, rsv: 4 });
}

const sent = (opcode, payload) => frame(opcode, payload, { mask: MASK });
const plain = (byte) => sent(BINARY, Buffer.alloc(1000, byte));

/** Ten messages, with a ping behind the fifth. */
function tenOf(make) {
  return Array.from({ length: 10 }, (_, i) =>
    i === 5 ? [sent(PING, 'p'), make(i)] : [make(i)]
  ).flat();
}

const MESSAGES = [0, 1, 2, 3, 4, 'ping', 5, 6, 7, 8, 9];
const END = sent(CLOSE, closePayload(1000));

/**
 * Opens a connection, sends bytes with one write, and notes what the server's
 * end emits.
 */
async function eventsOf(t, { end, frames, isCompressed, isTls, leave }) {
  const wss = serve(t, {
    ioThreads: 1,
    perMessageDeflate: isCompressed ? { threshold: 0 } : false,
    ...(isTls && { tls: ownIdentity() })
  });

  if (wss.address() === null) await once(wss, 'listening');

  const { port } = wss.address();
  const client = isTls
    ? tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    : net.connect(port, '127.0.0.1');
  const extension = isCompressed ? EXTENSION : null;

  client.on('error', () => {});
  t.after(() => client.destroy());
  client.write(upgradeRequest({ 'Sec-WebSocket-Extensions': extension }));

  const [[peer]] = await Promise.all([
    once(wss, 'connection'),
    once(client, 'data')
  ]);
  const events = [];

  assert.strictEqual(peer.transport, 'threads');
  peer.on('message', (data) => {
    events.push(data[0]);
    if (events.length === 1) leave(peer);
  });
  peer.on('ping', () => events.push('ping'));
  peer.on('error', (err) => events.push(err.code));

  const closed = once(peer, 'close');
  const bytes = Buffer.concat(frames);

  if (end) client.end(bytes);
  else client.write(bytes);

  const [code] = await closed;

  return [...events, code];
}

// What ws does with what its receiver got in one chunk.
describe('Who ends a threaded connection in a listener', { skip }, () => {
  for (const isTls of [false, true]) {
    for (const isCompressed of [false, true]) {
      const frames = tenOf(isCompressed ? deflated : plain);
      const how =
        (isCompressed ? 'compressed' : 'plain') + (isTls ? ', over TLS' : '');

      for (const [what, leave] of [
        ['terminate()', (peer) => peer.terminate()],
        ['destroy() of the socket', (peer) => peer._socket.destroy()]
      ]) {
        const options = { frames, isCompressed, isTls, leave };

        it(`by ${what} hears the rest of the chunk (${how})`, async (t) => {
          const events = await eventsOf(t, options);

          assert.deepStrictEqual(events, [...MESSAGES, 1006]);
        });

        it(`by ${what} hears of a close frame there (${how})`, async (t) => {
          const events = await eventsOf(t, {
            ...options,
            frames: [...frames, END]
          });

          assert.deepStrictEqual(events, [...MESSAGES, 1000]);
        });

        it(`by ${what} hears of no end behind it (${how})`, async (t) => {
          const events = await eventsOf(t, { ...options, end: true });

          assert.deepStrictEqual(events, [...MESSAGES, 1006]);
        });
      }
    }
  }
});

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const ours = require('../..');
const theirs = require('ws');
const { accept, startServer } = require('../client-fixtures');
const { CONTINUATION, FrameReader, PING } = require('../support/frames');
const { eventually } = require('../support/patience');
const { listen } = require('../support/peers');
const { exchange, upgradeRequest } = require('../support/raw-http');

const DEFLATE = 'permessage-deflate; server_no_context_takeover';
/** More than the 1024 bytes below which nothing is compressed. */
const TEXT = 'abc'.repeat(1000);

/** Ends of a connection, the other side of which is a bare socket. */
const ROLES = {
  async server(t, { WebSocketServer }) {
    const wss = await listen(t, WebSocketServer, { perMessageDeflate: true });
    const connected = once(wss, 'connection');
    const { socket } = await exchange(
      wss.address().port,
      upgradeRequest({ 'Sec-WebSocket-Extensions': DEFLATE })
    );
    const [ws] = await connected;

    t.after(() => socket.destroy());
    return { socket, ws };
  },

  async client(t, { WebSocket }) {
    const server = await startServer(t, (req, socket) =>
      accept(req, socket, `Sec-WebSocket-Extensions: ${DEFLATE}`)
    );
    const upgraded = once(server, 'upgrade');
    const ws = new WebSocket(server.url);

    t.after(() => ws.terminate());
    await once(ws, 'open');

    const [, socket] = await upgraded;

    return { socket, ws };
  }
};

/** Sends a message, and one that ends it if it goes on; gives their frames. */
async function framesOf(t, open, lib, { data, options }) {
  const { socket, ws } = await open(t, lib);
  const reader = new FrameReader();
  const frames = [];
  let isCompressed = false;
  let isOver = false;

  socket.on('data', (chunk) => {
    for (const frame of reader.push(Buffer.from(chunk, 'latin1'))) {
      const { fin, mask, opcode, rsv, payload } = frame;

      if (opcode === PING) {
        isOver = true;
        return;
      }
      if (opcode !== CONTINUATION) isCompressed = rsv !== 0;
      frames.push({
        fin,
        isMasked: mask !== null,
        opcode,
        rsv,
        // Compressed ones need not be the same.
        payload: isCompressed ? null : String(payload)
      });
    }
  });
  socket.resume();
  await new Promise((resolve) => ws.send(data, options, resolve));
  // The rest of the message, or another one.
  await new Promise((resolve) => ws.send('more', { compress: false }, resolve));
  ws.ping();
  await eventually(
    () => isOver,
    () => JSON.stringify(frames)
  );
  return frames;
}

class Inherited {
  get binary() {
    return false;
  }

  get fin() {
    return false;
  }
}

/** Options by what they are called, and what the first frame has to be. */
const CASES = {
  'binary: undefined': [{ binary: undefined }, { opcode: 1 }],
  'binary: null': [{ binary: null }, { opcode: 1 }],
  'binary: 1': [{ binary: 1 }, { opcode: 2 }],
  'compress: undefined': [{ compress: undefined }, { rsv: 0 }],
  'compress: null': [{ compress: null }, { rsv: 0 }],
  'compress: 1': [{ compress: 1 }, { rsv: 4 }],
  'fin: undefined': [{ fin: undefined }, { fin: false }],
  'fin: null': [{ fin: null }, { fin: false }],
  'fin: 1': [{ fin: 1 }, { fin: true }],
  'mask: undefined': [{ mask: undefined }, { isMasked: false }],
  'mask: null': [{ mask: null }, { isMasked: false }],
  'mask: 1': [{ mask: 1 }, { isMasked: true }],
  'all undefined': [
    { binary: undefined, compress: undefined, fin: undefined, mask: undefined },
    { fin: false, isMasked: false, opcode: 1, rsv: 0 }
  ],
  none: [{}, { fin: true, rsv: 4 }],
  'null for options': [null, { fin: true, rsv: 4 }],
  'undefined for options': [undefined, { fin: true, rsv: 4 }],
  'a number for options': [5, { fin: true, rsv: 4 }],
  'a string for options': ['binary', { fin: true, rsv: 4 }],
  'an array for options': [[false], { fin: true, rsv: 4 }],
  'inherited ones': [new Inherited(), { fin: true, rsv: 4 }],
  'those of an object without a prototype': [
    Object.assign(Object.create(null), { compress: false }),
    { fin: true, rsv: 0 }
  ],
  'one that is not enumerable': [
    Object.defineProperty({}, 'compress', { value: false }),
    { fin: true, rsv: 4 }
  ],
  'an accessor': [
    {
      get binary() {
        return true;
      }
    },
    { opcode: 2 }
  ],
  'a proxy': [new Proxy({ binary: true, compress: false }, {}), { opcode: 2 }],
  'a proxy that hides them': [
    new Proxy({ compress: false }, { ownKeys: () => [] }),
    { fin: true, rsv: 4 }
  ]
};

for (const [role, open] of Object.entries(ROLES)) {
  describe(`Options of send() of a ${role} are taken as by ws:`, () => {
    for (const [name, [options, wanted]] of Object.entries(CASES)) {
      it(name, async (t) => {
        for (const data of [TEXT, Buffer.from(TEXT), 'short']) {
          const message = { data, options };
          const actual = await framesOf(t, open, ours, message);

          assert.deepStrictEqual(
            actual,
            await framesOf(t, open, theirs, message)
          );
          if (data !== TEXT) continue;

          const { fin, isMasked, opcode, rsv } = actual[0];

          assert.deepStrictEqual(
            { fin, isMasked, opcode, rsv, ...wanted },
            { fin, isMasked, opcode, rsv }
          );
        }
      });
    }
  });
}

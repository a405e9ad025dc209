'use strict';

// An answer in memory that another thread grows between two looks at its length: here before the second.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const TypedArray = Object.getPrototypeOf(Uint8Array);
const { set } = TypedArray.prototype;
let growing = null;

// Before stage.js is loaded, which takes the function as it is then.
TypedArray.prototype.set = function (source, offset) {
  if (growing !== null && source.buffer === growing) growing.grow(1 << 20);
  return set.call(this, source, offset);
};

const { WebSocketServer } = require('../..');
const { frame, FrameReader, MASK, TEXT } = require('../support/frames');
const { skip, turns } = require('../support/loop');
const { listen } = require('../support/peers');
const { exchange, upgradeRequest } = require('../support/raw-http');

describe('An answer whose memory grows while it is sent', () => {
  it('is sent, and nothing throws', { skip }, async (t) => {
    const wss = await listen(t, WebSocketServer);
    const connected = once(wss, 'connection');
    const { socket } = await exchange(wss.address().port, upgradeRequest());
    const [ws] = await connected;
    const reader = new FrameReader();
    const errors = [];

    t.after(() => socket.destroy());
    await turns(3);
    ws.on('message', (data) => {
      const memory = new SharedArrayBuffer(4, { maxByteLength: 1 << 20 });
      // One that Node makes of the memory stays as long as it is.
      const payload = new Buffer[Symbol.species](memory);

      if (String(data) === 'first') growing = memory;

      try {
        ws.send(payload);
      } catch (err) {
        errors.push(err);
      }

      growing = null;
    });

    const lengths = [];
    const hasBoth = new Promise((resolve) => {
      socket.on('data', (chunk) => {
        for (const { payload } of reader.push(Buffer.from(chunk, 'latin1'))) {
          lengths.push(payload.length);
        }

        if (lengths.length === 2 || errors.length > 0) resolve();
      });
    });

    socket.write(
      Buffer.concat(
        ['first', 'second'].map((text) => frame(TEXT, text, { mask: MASK }))
      )
    );
    await hasBoth;
    assert.deepStrictEqual(errors, []);
    assert.deepStrictEqual(lengths, [1 << 20, 4]);
  });
});

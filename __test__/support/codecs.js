'use strict';

// Payloads for codecs, and what codecs make of them as promises.

const { createDeflater } = require('../../lib/compression/deflater');
const { hex } = require('./events');

/** As the text of RFC 7692, section 7.2.3.1. */
const HELLO = hex('f2 48 cd c9 c9 07 00');

/** More than is done within the calling tick. */
const LARGE = Buffer.alloc(100_000, 'ws-rs ');

/** Bytes that stay as many when they are compressed: large both ways. */
const NOISE = Buffer.alloc(100_000);

for (let i = 0, state = 1; i < NOISE.length; i++) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  NOISE[i] = state >>> 24;
}

function deflate(deflater, data, fin = true, reset = false) {
  return new Promise((resolve) =>
    deflater.run(data, fin, reset, false, resolve)
  );
}

/** Deflates with a deflater that is for this message only. */
async function deflateAnew(options, data) {
  const deflater = createDeflater(15, options);
  const message = await deflate(deflater, data, true, true);

  deflater.free();
  return message;
}

function inflate(inflater, data, { limit = 0, watched = false } = {}) {
  return new Promise((resolve) => {
    inflater.run(data, true, false, limit, watched, resolve);
  });
}

/** What can be seen of a result's memory: how much there is, and whose it is. */
function memoryOf(result) {
  return result.buffer;
}

module.exports = {
  deflate,
  deflateAnew,
  HELLO,
  inflate,
  LARGE,
  memoryOf,
  NOISE
};

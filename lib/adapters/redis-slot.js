'use strict';

// The packages `redis` and `ioredis` have this from one of their own, and do not
// pass it on; ws-rs has no dependencies.

/** How many a cluster of Redis has. */
const SLOTS = 16384;

const table = new Uint16Array(256);

for (let i = 0; i < 256; i++) {
  let crc = i << 8;

  for (let bit = 0; bit < 8; bit++) {
    crc = (crc << 1) ^ ((crc & 0x8000) === 0 ? 0 : 0x1021);
  }
  table[i] = crc;
}

/**
 * @param {String} channel Well-formed
 * @return {Number} Its slot: CRC-16 (XMODEM) of its UTF-8, or of what is between
 *     the first `{` and the next `}` if that is not empty
 */
function slotOf(channel) {
  let crc = 0;

  for (const byte of Buffer.from(tagOf(channel))) {
    crc = ((crc << 8) & 0xffff) ^ table[(crc >> 8) ^ byte];
  }
  return crc % SLOTS;
}

function tagOf(channel) {
  const start = channel.indexOf('{') + 1;
  const end = start === 0 ? -1 : channel.indexOf('}', start);

  return end > start ? channel.slice(start, end) : channel;
}

module.exports = { SLOTS, slotOf };

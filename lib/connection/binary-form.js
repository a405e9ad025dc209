'use strict';

const native = require('../native');

/**
 * Brings a binary message into the form that is asked for.
 *
 * @param {Decoder} decoder Whose message it is
 * @param {Buffer} data The message
 * @param {Number} frames How many frames it had
 * @return {(Buffer|ArrayBuffer|Buffer[]|Blob)} As `binaryType` says
 */
function convert(decoder, data, frames) {
  switch (decoder.binaryType) {
    case 'arraybuffer':
      return data.byteLength === data.buffer.byteLength
        ? data.buffer
        : data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
    case 'fragments':
      return fragments(decoder, data, frames);
    case 'blob':
      return new Blob(fragments(decoder, data, frames));
    default:
      return data;
  }
}

function fragments(decoder, data, frames) {
  if (data.length === 0) return [];
  if (frames === 1) return [data];

  const parts = [];
  let start = 0;

  for (const end of native.fragmentEnds(decoder.id)) {
    parts.push(data.subarray(start, end));
    start = end;
  }

  return parts;
}

module.exports = convert;

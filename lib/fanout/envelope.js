'use strict';

const { Buffer, isUtf8 } = require('buffer');

/**
 * What a published message is between processes:
 *
 *   byte 0       the version, 1
 *   byte 1       flags: 1 binary, 2 not to be compressed
 *   bytes 2-17   who published it: any 16 bytes, the same for all of one publisher
 *   the rest     the message
 */
const VERSION = 1;
const BINARY = 1;
const UNCOMPRESSED = 2;
const ORIGIN = 2;
const ORIGIN_LENGTH = 16;
const HEADER = ORIGIN + ORIGIN_LENGTH;

/**
 * @param {Buffer} origin Who publishes it
 * @param {SharedMessage} message The message
 * @return {Buffer} Memory that nobody else has
 */
function encode(origin, message) {
  const { bytes, isBinary, length, mayCompress } = message;
  const envelope = Buffer.allocUnsafe(HEADER + length);

  envelope[0] = VERSION;
  envelope[1] = (isBinary ? BINARY : 0) | (mayCompress ? 0 : UNCOMPRESSED);
  envelope.set(origin, ORIGIN);
  envelope.set(bytes, HEADER);
  return envelope;
}

/**
 * @param {*} data What an adapter has received
 * @param {Buffer} own Whose messages are passed over
 * @return {Object|null} `data` and `options`, as `publish()` takes them; `null` if
 *     this process has sent it
 * @throws {Error} It is no message of Topics
 */
function decode(data, own) {
  if (!(data instanceof Uint8Array)) throw foreign('it is no Uint8Array');

  const { buffer, byteLength, byteOffset } = data;
  const envelope = Buffer.from(buffer, byteOffset, byteLength);

  if (byteLength < HEADER) {
    throw foreign(`it has ${byteLength} bytes, and the shortest has ${HEADER}`);
  }
  if (envelope[0] !== VERSION) {
    throw foreign(`it begins with ${envelope[0]}, not with ${VERSION}`);
  }

  const flags = envelope[1];

  if ((flags & ~(BINARY | UNCOMPRESSED)) !== 0) {
    throw foreign(`its flags are ${flags}`);
  }
  if (own.compare(envelope, ORIGIN, HEADER) === 0) return null;

  const binary = (flags & BINARY) !== 0;
  const bytes = envelope.subarray(HEADER);

  // Peers end a connection on which they get such a text.
  if (!binary && !isUtf8(bytes)) throw foreign('its text is not UTF-8');

  return {
    data: bytes,
    options: { binary, compress: (flags & UNCOMPRESSED) === 0 }
  };
}

function foreign(reason) {
  return Object.assign(
    new Error(
      `What came from the broker is no message of Topics: ${reason}. Let no ` +
        'other program publish there, or give the adapter a prefix of its own'
    ),
    { code: 'WS_RS_FOREIGN_MESSAGE' }
  );
}

module.exports = { decode, encode, ORIGIN_LENGTH };

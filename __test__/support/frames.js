'use strict';

/** The opcodes of RFC 6455, section 11.8. */
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

const NAMES = {
  [CONTINUATION]: 'continuation',
  [TEXT]: 'text',
  [BINARY]: 'binary',
  [CLOSE]: 'close',
  [PING]: 'ping',
  [PONG]: 'pong'
};

/** The masking key of the examples of RFC 6455, section 5.7. */
const MASK = Buffer.from('37fa213d', 'hex');

/**
 * Writes a frame (RFC 6455, section 5.2), right or wrong: nothing is checked.
 *
 * @param {Number} opcode 0 to 15
 * @param {Buffer|String} [payload] The payload, before masking
 * @param {Object} [options]
 * @param {Boolean} [options.fin=true] The FIN bit
 * @param {Number|BigInt} [options.length] The length to claim, if not the
 *     payload's
 * @param {Number} [options.lengthBytes] Of the extended length: 0, 2 or 8;
 *     the fewest that do by default
 * @param {Buffer|null} [options.mask=null] The masking key
 * @param {Number} [options.rsv=0] 4 for RSV1, 2 for RSV2, 1 for RSV3
 * @return {Buffer} The bytes of the frame
 */
function frame(opcode, payload = '', options = {}) {
  const { fin = true, mask = null, rsv = 0 } = options;
  const body = Buffer.from(payload);
  const length = BigInt(options.length ?? body.length);
  const lengthBytes =
    options.lengthBytes ?? (length < 126n ? 0 : length < 65536n ? 2 : 8);
  const head = Buffer.alloc(2 + lengthBytes);

  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127;
  if (lengthBytes === 2) head.writeUInt16BE(Number(length), 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(length, 2);
  if (mask === null) return Buffer.concat([head, body]);

  head[1] |= 0x80;
  return Buffer.concat([head, mask, masked(body, mask)]);
}

/** The payload of a close frame (RFC 6455, section 5.5.1). */
function closePayload(code, reason = '') {
  return Buffer.concat([
    Buffer.from([code >> 8, code & 0xff]),
    Buffer.from(reason)
  ]);
}

/** Takes frames out of the bytes of one side of a connection. */
class FrameReader {
  #bytes = Buffer.alloc(0);

  /**
   * @param {Buffer} chunk The next bytes
   * @return {Object[]} The frames that are complete now: `fin`, `rsv`,
   *     `opcode`, `mask`, `payload` (unmasked) and `lengthBytes`
   */
  push(chunk) {
    const frames = [];

    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let next; (next = this.#take()) !== null;) frames.push(next);
    return frames;
  }

  #take() {
    const bytes = this.#bytes;
    if (bytes.length < 2) return null;

    const short = bytes[1] & 0x7f;
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
    const start = 2 + lengthBytes + (bytes[1] & 0x80 ? 4 : 0);
    if (bytes.length < start) return null;

    const length =
      lengthBytes === 0
        ? short
        : lengthBytes === 2
          ? bytes.readUInt16BE(2)
          : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < start + length) return null;

    const mask = bytes[1] & 0x80 ? bytes.subarray(start - 4, start) : null;
    const payload = bytes.subarray(start, start + length);

    this.#bytes = bytes.subarray(start + length);
    return {
      fin: (bytes[0] & 0x80) !== 0,
      lengthBytes,
      mask,
      opcode: bytes[0] & 0x0f,
      payload: mask === null ? payload : masked(payload, mask),
      rsv: (bytes[0] >> 4) & 7
    };
  }
}

function masked(bytes, mask) {
  const result = Buffer.allocUnsafe(bytes.length);

  for (let i = 0; i < bytes.length; i++) result[i] = bytes[i] ^ mask[i & 3];
  return result;
}

module.exports = {
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  frame,
  FrameReader,
  MASK,
  NAMES,
  PING,
  PONG,
  TEXT
};

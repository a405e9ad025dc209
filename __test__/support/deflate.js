'use strict';

const { constants, deflateRawSync, inflateRawSync } = require('node:zlib');

/** What RFC 7692, section 7.2.1, takes off each message. */
const TAIL = Buffer.from('0000ffff', 'hex');

/**
 * The least that zlib fills at once. The parts are so small that a reference
 * to before them is looked up in the window, which has the size agreed on.
 */
const SMALL_PARTS = 64;

/**
 * One direction of permessage-deflate, by Node's zlib. The context of a
 * message is handed to zlib as a dictionary: the last bytes of the messages
 * before, as many as the window has.
 */
class Context {
  #history = Buffer.alloc(0);

  /**
   * @param {Object} options
   * @param {Boolean} options.takeover Whether messages refer to those before
   * @param {Number} options.windowBits 8 to 15
   */
  constructor({ takeover = true, windowBits = 15 } = {}) {
    this._size = takeover ? 2 ** windowBits : 0;
    this._windowBits = windowBits;
  }

  /** Compresses a message: RFC 7692, section 7.2.1. */
  compress(data) {
    const bytes = Buffer.from(data);
    const result = deflateRawSync(bytes, this._options());

    this._remember(bytes);
    return result.subarray(0, -TAIL.length);
  }

  /** Decompresses a message: section 7.2.2. */
  decompress(data) {
    const result = inflateRawSync(Buffer.concat([data, TAIL]), {
      chunkSize: SMALL_PARTS,
      ...this._options()
    });

    this._remember(result);
    return result;
  }

  _options() {
    return {
      finishFlush: constants.Z_SYNC_FLUSH,
      windowBits: this._windowBits,
      ...(this.#history.length > 0 && { dictionary: this.#history })
    };
  }

  _remember(bytes) {
    if (this._size === 0) return;

    this.#history = Buffer.concat([this.#history, bytes]).subarray(-this._size);
  }
}

/** Sizes around what matters to frames and to windows. */
const SIZES = [
  0, 1, 2, 5, 125, 126, 300, 511, 512, 513, 1023, 1024, 4096, 5000, 0, 40000, 7,
  20000, 300, 3
];

/**
 * Makes messages of text that repeats itself at every distance, nearer than
 * the smallest window and farther than the largest.
 *
 * @param {Number} seed A number other than 0
 * @param {Number[]} [sizes] The length of each
 * @return {String[]} The messages
 */
function messages(seed, sizes = SIZES) {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let state = seed;
  let text = '';

  function random(limit) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  }

  while (text.length < total) {
    const distance = 1 + random(2 ** (4 + random(13)));

    if (distance > text.length || random(4) === 0) {
      text += String.fromCharCode(
        ...Array.from(Array(8), () => 32 + random(95))
      );
    } else {
      text += text.substr(-distance, 3 + random(40));
    }
  }

  let end = 0;
  return sizes.map((size) => text.slice(end, (end += size)));
}

/**
 * Every pairing of the four parameters of RFC 7692, section 7.1, in which each
 * side has each size of window; what one side has changes nothing for the
 * other.
 *
 * @return {Object[]} Options of `PerMessageDeflate`
 */
function everyParameter() {
  return [8, 9, 10, 11, 12, 13, 14, 15].flatMap((bits) =>
    [false, true].flatMap((serverNoContextTakeover) =>
      [false, true].map((clientNoContextTakeover) => ({
        clientMaxWindowBits: 23 - bits,
        clientNoContextTakeover,
        serverMaxWindowBits: bits,
        serverNoContextTakeover,
        threshold: 0
      }))
    )
  );
}

/** Writes options as `Sec-WebSocket-Extensions`. */
function toHeader(options) {
  return [
    'permessage-deflate',
    ...(options.serverNoContextTakeover ? ['server_no_context_takeover'] : []),
    ...(options.clientNoContextTakeover ? ['client_no_context_takeover'] : []),
    `server_max_window_bits=${options.serverMaxWindowBits}`,
    `client_max_window_bits=${options.clientMaxWindowBits}`
  ].join('; ');
}

/** The contexts of a peer, by the parameters of each side. */
function contextsOf(options) {
  return {
    server: new Context({
      takeover: !options.serverNoContextTakeover,
      windowBits: options.serverMaxWindowBits
    }),
    client: new Context({
      takeover: !options.clientNoContextTakeover,
      windowBits: options.clientMaxWindowBits
    })
  };
}

module.exports = {
  Context,
  contextsOf,
  everyParameter,
  messages,
  TAIL,
  toHeader
};

'use strict';

const { BINARY, CLOSE, FIN, OPCODE, PING, PONG, RSV1, TEXT } =
  require('../native/numbers').frame;
const callbackOf = require('./callback-of');
const CompressingQueue = require('./compressing-queue');
const { closePayload, controlPayload } = require('./control-payload');
const { frame, maskingKey } = require('./frame-list');
const { byteLength, isBlobPayload, toPayload } = require('./payload');
const { DEFAULT, EXTENSION } = require('./send-queue');

/** The sending half of a connection: makes frames of messages. */
class Sender extends CompressingQueue {
  // As many parameters as that of ws has, which programs may count.
  constructor(socket, extensions, generateMask) {
    super(socket, extensions, generateMask);
  }

  /**
   * Makes a frame (RFC 6455, section 5.2).
   *
   * @param {(Buffer|String)} data The payload
   * @param {Object} options
   * @param {Boolean} [options.fin=false] Whether the frame ends its message
   * @param {Function} [options.generateMask] Fills the masking key
   * @param {Boolean} [options.mask=false] Whether to mask the payload
   * @param {Buffer} [options.maskBuffer] Where the masking key is put
   * @param {Number} options.opcode The opcode
   * @param {Boolean} [options.readOnly=false] Whether `data` must stay as it is
   * @param {Boolean} [options.rsv1=false] Whether the message is compressed
   * @return {(Buffer|String)[]} The frame in one or two pieces
   */
  static frame(data, options) {
    const mask = options.mask ? maskingKey(options) : undefined;
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;

    return frame(
      bytes,
      bytes.length || 0,
      firstByte(options),
      mask,
      typeof data !== 'string' && options.readOnly
    );
  }

  /**
   * Sends a close frame (RFC 6455, section 5.5.1).
   *
   * @param {Number} [code] The status code
   * @param {(String|Uint8Array)} [data] The reason, at most 123 bytes
   * @param {Boolean} [mask=false] Whether to mask the frame
   * @param {Function} [cb] Called when it is written
   * @throws {TypeError|RangeError} A code or reason that may not be sent
   */
  close(code, data, mask, cb) {
    const payload = closePayload(code, data);

    this.outbox?.member?.close();
    this._sendControl(CLOSE, payload, mask, cb);
  }

  /**
   * Sends a ping (RFC 6455, section 5.5.2).
   *
   * @param {*} data The payload, at most 125 bytes
   * @param {Boolean} [mask=false] Whether to mask the frame
   * @param {Function} [cb] Called when it is written
   * @throws {RangeError|TypeError} The payload is too long, or no payload
   */
  ping(data, mask, cb) {
    this._sendControl(PING, controlPayload(data), mask, cb);
  }

  /** Sends a pong (RFC 6455, section 5.5.3); see `ping()`. */
  pong(data, mask, cb) {
    this._sendControl(PONG, controlPayload(data), mask, cb);
  }

  /**
   * Sends a message, or a fragment of one.
   *
   * @param {*} data The payload
   * @param {Object} options
   * @param {Boolean} [options.binary=false] Whether it is binary, else text
   * @param {Boolean} [options.compress=false] Whether it may be compressed
   * @param {Boolean} [options.fin=false] Whether it ends the message
   * @param {Boolean} [options.mask=false] Whether to mask the frame
   * @param {Function} [cb] Called when it is written
   * @throws {TypeError} `data` is of no type that can be sent
   */
  send(data, options, cb) {
    const { binary, compress, fin, mask } = options;
    const payload = toPayload(data);

    this.sendMessage(
      payload,
      binary,
      compress,
      fin,
      mask,
      this._callbackOf(cb)
    );
  }

  /** `send()` without an options object, for the many. */
  sendMessage(data, binary, compress, fin, mask, cb) {
    const payload = toPayload(data);
    const pmd = this._extensions[EXTENSION];
    let opcode = binary ? BINARY : TEXT;
    let rsv1 = Boolean(compress) && pmd !== undefined;

    if (this._firstFragment) {
      this._firstFragment = false;

      if (rsv1) {
        const { params } = pmd;
        const forgets =
          params[
            pmd._isServer
              ? 'server_no_context_takeover'
              : 'client_no_context_takeover'
          ];

        // A kept context makes even short messages shorter.
        if (forgets) rsv1 = byteLength(payload) >= pmd._threshold;
      }

      this._compress = rsv1;
    } else {
      rsv1 = false;
      opcode = 0;
    }

    if (fin) this._firstFragment = true;

    const first = (fin ? FIN : 0) | (rsv1 ? RSV1 : 0) | opcode;
    const work = this._compress;

    if (this._state === DEFAULT && !work && !isBlobPayload(payload)) {
      this._write(payload, first, mask, cb);
    } else {
      this._enqueue({ payload, length: 0, first, mask, compress: work, cb });
    }

    if (fin && this._held !== null) this._releaseHeld();
    this._noteIdle();
  }

  /**
   * Sends a message that many get, when its turn has come: behind what waits,
   * and never within a fragmented message, whose end may be far.
   *
   * @param {SharedMessage} message The message
   * @param {Boolean} mask Whether to mask it
   */
  sendShared(message, mask) {
    const payload = message.keep();

    if (!this._firstFragment) {
      this._bufferedBytes += payload.length;
      (this._held ??= []).push({ message, mask });
      return;
    }

    const pmd = this._extensions[EXTENSION];
    const isCompressed = pmd !== undefined && message.isCompressedFor(pmd);
    const shared = isCompressed ? message.deflatedFor(pmd) : null;
    // A `compress()` of the program's is called as for any other message.
    const compress = isCompressed && shared === null;
    const first = compress ? message.first | RSV1 : message.first;

    this._enqueue({ payload, length: 0, first, mask, compress, shared });
  }

  /** The fragmented message is over. */
  _releaseHeld() {
    const held = this._held;

    this._held = null;

    for (const { message, mask } of held) {
      this._bufferedBytes -= message.length;
      this.sendShared(message, mask);
    }
  }

  /** Whether a `frame()` or `sendFrame()` of the program's is to see all frames. */
  get makesFrames() {
    return (
      super.makesFrames ||
      this.sendFrame !== sendFrame ||
      Sender.frame !== frameOfSender
    );
  }

  _frameOf(payload, first, mask) {
    if (Sender.frame === frameOfSender) {
      return super._frameOf(payload, first, mask);
    }

    return Sender.frame(payload, {
      ...this._maskOptions(),
      fin: (first & FIN) !== 0,
      mask,
      opcode: first & OPCODE,
      readOnly: true,
      rsv1: (first & RSV1) !== 0
    });
  }

  /**
   * Writes the chunks of a frame made by `Sender.frame()`.
   *
   * @param {(Buffer|String)[]} list The chunks
   * @param {Function} [cb] Called when they are written
   */
  sendFrame(list, cb) {
    if (this.outbox !== null) {
      const chunks = list.length > 0 ? list : [list[0]];

      this.outbox.raw(chunks, this._callbackOf(cb));
      return;
    }

    const last = list.length - 1;

    if (last > 0) this._socket.cork();
    for (let i = 0; i < last; i++) this._socket.write(list[i]);
    this._socket.write(list[last], cb);
    if (last > 0) this._socket.uncork();
  }

  /** Without an outbox the socket itself refuses what is no function. */
  _callbackOf(cb) {
    return cb === undefined || typeof cb === 'function' || this.outbox === null
      ? cb
      : callbackOf(cb);
  }

  _sendControl(opcode, payload, mask, callback) {
    const first = FIN | opcode;
    const cb = this._callbackOf(callback);

    if (this._state === DEFAULT && !isBlobPayload(payload)) {
      this._write(payload, first, mask, cb);
    } else {
      this._enqueue({ payload, length: 0, first, mask, compress: false, cb });
    }
  }
}

const { frame: frameOfSender } = Sender;
const { sendFrame } = Sender.prototype;
const byte = new Uint8Array(1);

/**
 * The first byte of a frame; of an opcode that is no such number, what a byte
 * makes of it.
 */
function firstByte({ fin, opcode, rsv1 }) {
  byte[0] = fin ? opcode | FIN : opcode;
  return byte[0] | (rsv1 ? RSV1 : 0);
}

module.exports = Sender;

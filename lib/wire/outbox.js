'use strict';

const { Buffer } = require('buffer');

const native = require('../native');
const numbers = require('../native/numbers');
const timers = require('../timers');
const toBuffer = require('../to-buffer');
const FrameCallbacks = require('./frame-callbacks');
const FrameDrain = require('./frame-drain');
const { isMade } = require('./made-bytes');
const { isLight } = require('./materialize');
const { inContext, PendingCallback } = require('./send-callbacks');
const Stage = require('./stage');
const Tick = require('./tick');

/** Payloads of this many bytes are written from where they are, not joined. */
const LENT_AT = 16 * 1024;
/** The least high-water mark of a socket (Node 20), without the longest header. */
const DRAINS_AT = 16 * 1024 - 14;
/** RSV2 and RSV3, which no frame of ours has. */
const OTHER_BITS = 0x30;
/** A string of so many units may have as many bytes as that. */
const MAY_DRAIN_AT = DRAINS_AT / 3;
/** Strings of this many units are encoded by Node first. */
const LONG_TEXT = 16 * 1024;

const { BYTES_WRITTEN } = numbers.counter;
const { HEADER, LENGTH, MASK_KEY, MASK_RANDOM, MORE_MESSAGES } = numbers.flag;
const { NO_HEADER, TRACK } = numbers.flag;
const { FIN } = numbers.frame;
const {
  ANSWER,
  BLOCKED,
  FAILED,
  NOT_PACKED,
  OVERDUE,
  SCHEDULE,
  TAKE,
  WRITTEN
} = numbers.sent;

/**
 * The way out of a connection: makes frames of messages, in native memory, and
 * sees from each answer what is to be done next.
 */
class Outbox extends FrameDrain {
  /** Whether a message may go out now, past the sender. */
  get isFree() {
    return this.sender === null || this.sender.isIdle;
  }

  /**
   * The native half, if the native wire takes whole frames now that somebody
   * else gives it; -1 if not.
   */
  get directId() {
    return this.isNative && this.isFree && this._socket.write === this._write
      ? this._id
      : -1;
  }

  /**
   * Sends a text frame.
   *
   * @param {String} text The payload
   * @param {Number} first FIN, RSV1 and the opcode: the frame's first byte
   * @param {Boolean} mask Whether to mask it
   * @param {Number} [key] The masking key, if not a random one
   * @param {Function} [callback] Called when the bytes are written, or not
   */
  text(text, first, mask, key, callback) {
    const flags = first | this._flags(mask, key, callback);

    if (text.length >= LONG_TEXT) {
      const bytes = Buffer.from(text);

      this._drainBehindText(text, bytes.length, mask);
      this._sendBytes(bytes, flags, mask, key, callback);
      return;
    }

    if (text.length >= DRAINS_AT) {
      this._drainBehindText(text, Buffer.byteLength(text), mask);
    }

    // How many bytes shorter strings have is not asked before, as that takes
    // long. A stream gets the frame as one chunk, and counts for itself.
    const mayDrain =
      mask &&
      this.isNative &&
      text.length >= MAY_DRAIN_AT &&
      text.length < DRAINS_AT;
    const before = mayDrain ? this._accepted : 0;

    this._sent(
      native.queueText(this._id, text, text.length, flags, key),
      callback,
      text === ''
    );

    if (mayDrain && this.isNative) this._drainBehind(this._accepted - before);
  }

  /**
   * Sends a frame of bytes; see `text()`.
   *
   * @param {Number} [length] How many there were before they were compressed
   */
  bytes(bytes, first, mask, key, callback, length) {
    if (
      Stage.isFresh &&
      !mask &&
      !callback &&
      length === undefined &&
      this.isNative &&
      this._socket.write === this._write &&
      Stage.add(this._id, first, bytes)
    ) {
      return;
    }

    let flags = first | this._flags(mask, key, callback);

    // A program may have its bytes give any length.
    if (typeof length === 'number') flags |= LENGTH;

    // A program's bytes are masked in a copy, behind their header: one write.
    const isCopied = mask && key !== 0;

    if (bytes.length >= DRAINS_AT && !isCopied) {
      this.drainSoon(bytes.length, mask);
    }

    // An empty one is a header and no more; what is no program's is masked where it is.
    const isOneWrite =
      callback !== undefined &&
      (bytes.length === 0 ||
        (isCopied && length === undefined && !isMade(bytes)));

    this._sendBytes(bytes, flags, mask, key, callback, length, isOneWrite);
  }

  _sendBytes(bytes, flags, mask, key, callback, length, isOneWrite = false) {
    if (bytes.length < LENT_AT || mask) {
      this._sent(
        native.queueBytes(this._id, bytes, flags, key, length),
        callback,
        isOneWrite
      );
    } else {
      this._sentLent(
        native.queueLent(this._id, bytes, flags, length),
        bytes,
        callback
      );
    }
  }

  /**
   * Has an I/O thread compress a message, and send it.
   *
   * @param {Buffer} bytes The payload
   * @param {Number} first FIN, RSV1 and the opcode
   * @param {Number} codec The native compressor
   * @param {Boolean} reset Whether its context ends with the message
   * @param {Function} [callback] Called when the bytes are written, or not
   * @return {Boolean} `false`: it cannot be, and nothing was sent
   */
  packed(bytes, first, codec, reset, callback) {
    const flags = first | this._flags(false, undefined, callback);

    if (!this.isNative) return false;

    const code = native.queuePacked(this._id, bytes, flags, codec, reset);

    if (code === NOT_PACKED) return false;

    this._sent(code, callback);
    return true;
  }

  /** How many bytes were given to it, with headers. */
  get _accepted() {
    return native.connectionState(this._id, BYTES_WRITTEN);
  }

  /** Sends frames that somebody else made. */
  raw(list, callback) {
    const last = list.length - 1;

    // Most are what would be made of the payload here, in one call.
    if (last === 1 && isPlainFrame(list[0], list[1])) {
      this.bytes(list[1], list[0][0], false, undefined, callback);
      return;
    }

    // Nothing is sent if one of them is no bytes.
    const chunks = [];

    for (let i = 0; i <= last; i++) chunks.push(toBuffer(list[i]));

    const length = last > 0 ? lengthOf(chunks) : 0;

    if (last > 0) this._drainBehind(length);

    // No need to have a header wait for its payload.
    if (last === 1 && length < LENT_AT) {
      const [header, payload] = chunks;
      const flags =
        header[0] | HEADER | this._flags(false, undefined, callback);

      this._sent(native.queueRaw(this._id, header, flags, payload), callback);
      return;
    }

    let first = 0;

    for (let i = 0; i <= last; i++) {
      const bytes = chunks[i];
      const then = i === last ? callback : undefined;
      let flags = this._flags(false, undefined, then);

      if (i === 0) {
        first = bytes[0];
        flags |= HEADER;
      }

      // The pieces are one frame: the first ones wait for the last.
      flags |= i < last ? (first & ~FIN) | MORE_MESSAGES : first;

      if (bytes.length < LENT_AT) {
        this._sent(native.queueRaw(this._id, bytes, flags), then, last === 0);
      } else {
        this._sentLent(
          native.queueLent(this._id, bytes, flags | NO_HEADER),
          bytes,
          then,
          last === 0
        );
      }
    }
  }

  _flags(mask, key, callback) {
    if (this.isNative) {
      // A `write()` that somebody put there is to see the frames.
      if (this._socket.write !== this._write) this._makeWayForWrite();
    } else if (this._isPromoted) {
      this._takeFromStream();
    } else if (this.isWaiting && this._socket.write !== this._write) {
      this._makeWayForWrite();
    }

    let flags = Tick.hasMoreMessages ? MORE_MESSAGES : 0;

    if (mask) flags |= key === undefined ? MASK_RANDOM : MASK_KEY;
    if (callback && this.isNative) flags |= TRACK;
    return flags;
  }

  /**
   * @param {Number} code What became of a frame that was sent
   * @param {Function} [callback] Its callback
   * @param {Boolean} [isOneWrite=false] Whether the frame is one `write()` with ws, too:
   *     it writes most headers and payloads one after the other
   */
  _sent(code, callback, isOneWrite = false) {
    const pending = callback ? this._addCallback(callback) : null;

    if (pending !== null && (code & ANSWER) === FAILED) {
      // It is called before the socket is destroyed, as with a stream.
      timers.nextTick(inContext, pending);
      this._answer(code);
      return;
    }

    const isOwn =
      pending !== null && (code & ANSWER) === TAKE && this._stream.isFree;

    if (isOwn) pending.isOwn = true;
    if (code !== undefined) this._answer(code, pending !== null);
    if (pending === null) return;

    // Not before: of what the stream's `write()` throws nobody is called back.
    pending.isOneWrite = isOneWrite;
    if (!isOwn && this._hastens) pending.own();
    timers.nextTick(inContext, pending);
  }

  /** Whether a stream writes that may call back before the ticks of sends. */
  get _hastens() {
    return !this.isNative && this._stream.passesTicks;
  }

  _answer(code, isAwaited) {
    const answer = code & ANSWER;

    if ((code & SCHEDULE) !== 0) Tick.schedule();

    if (answer === WRITTEN) {
      if (this.isNative) this._settleSoon();
    } else if (answer === FAILED) {
      this.fail();
    } else if (answer === TAKE) {
      this._stream.give(this._socket.write);
    } else if (answer === BLOCKED) {
      this.afterFlush();
    } else if (!this.isNative) {
      // Behind its end, or destroyed, the stream fails at once: the next line may ask.
      const { _socket: socket } = this;
      const fails =
        !isLight(socket) && (socket.writableEnded || socket.destroyed);

      const mayWait = !fails && !(isAwaited && this._hastens);

      if (this.hook() && mayWait) Tick.add(this);
      else this._stream.give(this._socket.write);
    } else if (this._callbacks !== null && !this._callbacks.isEmpty) {
      Tick.add(this);
    }

    if ((code & OVERDUE) !== 0) Tick.flush();
  }

  /** A payload of its own was sent; on a stream it is to be given to that. */
  _sentLent(code, bytes, callback, isOneWrite = false) {
    if ((code & ANSWER) !== TAKE) {
      this._sent(code, callback, isOneWrite);
      return;
    }

    // Before anything that may throw: it is for all connections.
    if ((code & SCHEDULE) !== 0) Tick.schedule();

    const stream = this._stream;

    if (stream.isGiving) {
      // The payload too; what becomes of the header is known.
      native.queueRaw(this._id, bytes, MORE_MESSAGES);
      this._sent(code, callback);
      return;
    }

    const pending = callback ? new PendingCallback(callback) : null;
    const isOwn = stream.isFree;

    if (isOwn && pending !== null) pending.isOwn = true;
    stream.givePayload(bytes, pending);

    if (pending !== null) {
      pending.isOneWrite = isOneWrite;
      if (!isOwn && stream.passesTicks) pending.own();
      timers.nextTick(inContext, pending);
    }

    if ((code & OVERDUE) !== 0) Tick.flush();
  }

  _addCallback(callback) {
    if (this._callbacks === null) {
      this._callbacks = new FrameCallbacks(this._id);
    }

    return this._callbacks.add(callback);
  }
}

Outbox.DRAINS_AT = DRAINS_AT;

/**
 * Whether a header is the one that an unmasked frame with this payload gets from
 * us: without RSV2 and RSV3, its length in as few bytes as possible.
 */
function isPlainFrame(header, payload) {
  if (!Buffer.isBuffer(header) || !Buffer.isBuffer(payload)) return false;
  if ((header[0] & OTHER_BITS) !== 0) return false;

  const { length } = payload;

  if (length < 126) {
    return length > 0 && header.length === 2 && header[1] === length;
  }

  return (
    length < 65_536 &&
    header.length === 4 &&
    header[1] === 126 &&
    header[2] === length >> 8 &&
    header[3] === (length & 0xff)
  );
}

function lengthOf(list) {
  return list.reduce((sum, { length }) => sum + length, 0);
}

module.exports = Outbox;

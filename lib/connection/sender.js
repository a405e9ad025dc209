'use strict';

const { Buffer } = require('buffer');

const { kWebSocket, NOOP } = require('../constants');
const { takenAwayError } = require('../native/errors');
const { BINARY, CLOSE, FIN, OPCODE, PING, PONG, RSV1, TEXT } =
  require('../native/numbers').frame;
const PerMessageDeflate = require('../compression/permessage-deflate');
const inContextOfNow = require('./context-of-now');
const { closePayload, controlPayload } = require('./control-payload');
const { frame, maskingKey } = require('./frame-list');
const { byteLength, isBlobPayload, toPayload } = require('./payload');
const timers = require('../timers');

const FastBuffer = Buffer[Symbol.species];

// The values of `_state`.
const DEFAULT = 0;
const DEFLATING = 1;
const GET_BLOB_DATA = 2;
const FAILED = 3;

const EXTENSION = 'permessage-deflate';

/**
 * The sending half of a connection: makes frames of messages and keeps their
 * order while one of them is being compressed or read from a `Blob`.
 */
class Sender {
  /**
   * @param {Duplex} socket Where frames go
   * @param {Object} [extensions={}] The negotiated extensions, by name
   * @param {Function} [generateMask] Fills a 4-byte `Buffer` with a masking key
   */
  constructor(socket, extensions, generateMask) {
    this._socket = socket;
    this._extensions = extensions || {};
    this._firstFragment = true;
    this._compress = false;
    this._bufferedBytes = 0;
    this._queue = [];
    /** Messages for many that wait for the end of a fragmented one. */
    this._held = null;
    this._state = DEFAULT;
    /** The transport's way out; without one chunks are written to the socket. */
    this.outbox = null;
    this._generateMask = generateMask;
    this._maskBuffer = generateMask ? Buffer.alloc(4) : undefined;
    this.onerror = NOOP;
    this[kWebSocket] = undefined;
  }

  /** Whether the next message may go out past the sender. */
  get isIdle() {
    return this._state === DEFAULT && this._firstFragment;
  }

  /** Whether a fragmented message is not over. */
  get isWithinMessage() {
    return !this._firstFragment;
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
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const mask = options.mask ? maskingKey(options) : undefined;

    return frame(
      bytes,
      bytes.length,
      (options.fin ? FIN : 0) | (options.rsv1 ? RSV1 : 0) | options.opcode,
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
    this.outbox?.member?.close();
    this._sendControl(CLOSE, closePayload(code, data), mask, cb);
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
    this.sendMessage(
      data,
      options.binary,
      options.compress,
      options.fin,
      options.mask,
      cb
    );
  }

  /** `send()` without an options object, for the many. */
  sendMessage(data, binary, compress, fin, mask, cb) {
    const payload = toPayload(data);
    const pmd = this._extensions[EXTENSION];
    let opcode = binary ? BINARY : TEXT;
    let rsv1 = compress === true && pmd !== undefined;

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
    // Somebody's own way of compressing is used as for any other message.
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

  /**
   * Writes the chunks of a frame made by `Sender.frame()`.
   *
   * @param {(Buffer|String)[]} list The chunks
   * @param {Function} [cb] Called when they are written
   */
  sendFrame(list, cb) {
    if (this.outbox !== null) {
      this.outbox.raw(list, cb);
      return;
    }

    const last = list.length - 1;

    if (last > 0) this._socket.cork();
    for (let i = 0; i < last; i++) this._socket.write(list[i]);
    this._socket.write(list[last], cb);
    if (last > 0) this._socket.uncork();
  }

  _sendControl(opcode, payload, mask, cb) {
    const first = FIN | opcode;

    if (this._state === DEFAULT && !isBlobPayload(payload)) {
      this._write(payload, first, mask, cb);
    } else {
      this._enqueue({ payload, length: 0, first, mask, compress: false, cb });
    }
  }

  /** Frames a payload and writes it now; `length` is its before compression. */
  _write(payload, first, mask, cb, length) {
    if (this.outbox === null) {
      this.sendFrame(
        frame(
          payload,
          byteLength(payload),
          first,
          mask ? maskingKey(this._maskOptions()) : undefined,
          true
        ),
        cb
      );
      return;
    }

    let key;

    if (mask && this._generateMask) {
      this._generateMask(this._maskBuffer);
      key = this._maskBuffer.readUInt32BE(0);
    }

    if (typeof payload === 'string') {
      this.outbox.text(payload, first, mask, key, cb);
    } else {
      this.outbox.bytes(payload, first, mask, key, cb, length);
    }
  }

  _maskOptions() {
    return { generateMask: this._generateMask, maskBuffer: this._maskBuffer };
  }

  /** Lines a job up, and begins it if it is the first. */
  _enqueue(job) {
    // A handle that is closed meanwhile, past the socket, is to be noticed.
    if (this.outbox !== null) this.outbox.hook();

    // What the program does with its bytes until then must not matter here.
    job.length = byteLength(job.payload);
    this._bufferedBytes += job.length;
    this._queue.push(job);

    if (this._state === DEFAULT) this._next();
    // It will be sent in the async context of another job.
    else if (typeof job.cb === 'function') job.cb = inContextOfNow(job.cb);
  }

  /** Does jobs until one has to wait. */
  _next() {
    while (this._state === DEFAULT && this._queue.length > 0) {
      const job = this._queue.shift();

      // Of a string the bytes were counted; nobody can make it shorter.
      if (typeof job.payload === 'object' && job.payload.length < job.length) {
        this._leaveOut(job, takenAwayError());
      } else if (isBlobPayload(job.payload)) {
        this._readBlob(job);
      } else if (job.shared) {
        this._awaitShared(job);
      } else if (job.compress) {
        this._deflate(job);
      } else {
        this._bufferedBytes -= job.length;
        this._write(job.payload, job.first, job.mask, job.cb);
      }
    }

    this._noteIdle();
    if (this._queue.length === 0) this.outbox?.onempty?.();
  }

  /** Whoever sends to many has to know. */
  _noteIdle() {
    this.outbox?.member?.setIdle(this.isIdle);
  }

  _deflate(job) {
    this._state = DEFLATING;

    const pmd = this._extensions[EXTENSION];
    const fin = (job.first & FIN) !== 0;
    // The output copies short frames. Others may show them to the program.
    const mayLend =
      this.outbox !== null &&
      pmd.compress === PerMessageDeflate.prototype.compress;

    const callback = (err, bytes) => {
      if (this._socket.destroyed) {
        this._abort(
          new Error('The socket was closed while data was being compressed'),
          job.cb
        );
        return;
      }

      if (err) {
        if (err.code !== 'WS_RS_DATA_DETACHED') {
          this._fail(err, job.cb);
          return;
        }

        this._state = DEFAULT;
        this._leaveOut(job, err);
        this._next();
        return;
      }

      if (mayLend && this.outbox === null) bytes = copyOf(bytes);

      this._state = DEFAULT;
      this._bufferedBytes -= job.length;
      if (job.mask) this.outbox?.drainSoon(bytes.length, true);
      this._write(bytes, job.first, job.mask, job.cb, job.length);
      this._next();
    };

    if (mayLend) pmd.compressLent(job.payload, fin, callback);
    else pmd.compress(job.payload, fin, callback);
  }

  /** Writes a message that is compressed once for many, as soon as it is. */
  _awaitShared(job) {
    const { shared } = job;

    this._state = DEFLATING;

    shared.whenReady(() => {
      if (this._socket.destroyed) {
        this._abort(
          new Error('The socket was closed while data was being compressed')
        );
        return;
      }

      this._state = DEFAULT;
      this._bufferedBytes -= job.length;

      if (shared.bytes === null) {
        this._write(job.payload, job.first, job.mask);
      } else {
        this._extensions[EXTENSION].see(shared.end);
        this._write(
          shared.bytes,
          job.first | RSV1,
          job.mask,
          undefined,
          job.length
        );
      }

      this._next();
    });
  }

  _readBlob(job) {
    const blob = job.payload;

    this._state = GET_BLOB_DATA;
    // What listeners and callbacks throw must not become a rejection.
    blob.arrayBuffer().then(
      (arrayBuffer) => timers.nextTick(() => this._blobRead(job, arrayBuffer)),
      (err) => timers.nextTick(() => this._fail(err, job.cb))
    );
  }

  _blobRead(job, arrayBuffer) {
    if (this._socket.destroyed) {
      this._abort(
        new Error('The socket was closed while the blob was being read'),
        job.cb
      );
      return;
    }

    this._bufferedBytes += arrayBuffer.byteLength - job.length;
    job.length = arrayBuffer.byteLength;
    job.payload = new FastBuffer(arrayBuffer);
    this._state = DEFAULT;
    if (job.mask && !job.compress) this.outbox?.drainSoon(job.length, true);
    this._queue.unshift(job);
    this._next();
  }

  /**
   * Sends nothing instead of a message whose memory the program took away. Of a
   * fragment the peer would not understand what is behind it.
   */
  _leaveOut({ cb, first, length }, err) {
    this.outbox?.beforeCallback();

    if ((first & FIN) === 0 || (first & OPCODE) === 0) {
      this._state = FAILED;
      timers.nextTick(() => this._fail(err, cb));
      return;
    }

    this._bufferedBytes -= length;
    if (typeof cb === 'function') timers.nextTick(cb, err);
  }

  /** Tells everybody in the line that nothing more will be sent. */
  _abort(err, cb) {
    const jobs = this._queue;

    this._queue = [];
    this._held = null;
    callAll([{ cb }, ...jobs], err, 0);
  }

  _fail(err, cb) {
    this._state = FAILED;

    try {
      this._abort(err, cb);
    } finally {
      this.onerror(err);
    }
  }
}

/** One callback that throws must not keep the others from being called. */
function callAll(jobs, err, from) {
  for (let i = from; i < jobs.length; i++) {
    const { cb } = jobs[i];
    let thrown = true;

    try {
      if (typeof cb === 'function') cb(err);
      thrown = false;
    } finally {
      if (thrown) timers.setImmediate(callAll, jobs, err, i + 1);
    }
  }
}

/** In memory of its own. */
function copyOf(bytes) {
  const copy = Buffer.allocUnsafeSlow(bytes.length);

  copy.set(bytes);
  return copy;
}

module.exports = Sender;

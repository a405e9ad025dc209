'use strict';

const { Buffer } = require('buffer');

const { kWebSocket, NOOP } = require('../constants');
const { takenAwayError } = require('../native/errors');
const numbers = require('../native/numbers');
const callbackOf = require('./callback-of');
const inContextOfNow = require('../wire/context-of-now');
const { frame, maskingKey } = require('./frame-list');
const { byteLength, isBlobPayload } = require('./payload');
const readBlob = require('./read-blob');
const timers = require('../timers');

const { FIN, OPCODE } = numbers.frame;

// The values of `_state`.
const DEFAULT = 0;
const DEFLATING = 1;
const GET_BLOB_DATA = 2;
const FAILED = 3;

const EXTENSION = 'permessage-deflate';

/**
 * The messages that wait. They keep their order while one of them is being
 * compressed or read from a `Blob`; how they are compressed is up to
 * `CompressingQueue`. Without an outbox a subclass has a `sendFrame()`.
 */
class SendQueue {
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

  /** Whether frames are made here, for `sendFrame()`, or by the outbox. */
  get makesFrames() {
    return this.outbox === null;
  }

  /** Frames a payload and writes it now; `length` is its before compression. */
  _write(payload, first, mask, cb, length) {
    if (this.makesFrames) {
      this.sendFrame(this._frameOf(payload, first, mask), cb);
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

  /** Makes the chunks of a frame, for `sendFrame()`. */
  _frameOf(payload, first, mask) {
    return frame(
      payload,
      byteLength(payload),
      first,
      mask ? maskingKey(this._maskOptions()) : undefined,
      true
    );
  }

  _maskOptions() {
    return { generateMask: this._generateMask, maskBuffer: this._maskBuffer };
  }

  /** Lines a job up, and begins it if it is the first. */
  _enqueue(job) {
    if (this._lost !== null) {
      // Of what waits for ever, as with ws.
      this._bufferedBytes += byteLength(job.payload);
      if (typeof job.cb === 'function') timers.nextTick(job.cb, this._lost);
      return;
    }

    // A handle that somebody closes meanwhile, past the socket, is to be
    // noticed.
    if (this.outbox !== null) this.outbox.hook();

    // From here on it does not matter what the program does with its bytes.
    job.length = byteLength(job.payload);
    this._bufferedBytes += job.length;
    this._queue.push(job);

    if (this._state === DEFAULT) {
      this._next();
      return;
    }

    job.hasWaited = true;
    // It will be sent in the async context of another job.
    if (typeof job.cb === 'function') job.cb = inContextOfNow(job.cb);
  }

  /** Does jobs until one has to wait. */
  _next() {
    while (this._state === DEFAULT && this._queue.length > 0) {
      const job = this._queue.shift();

      // A string cannot become shorter.
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

  /** Tells who sends to many whether a message may be sent past this queue. */
  _noteIdle() {
    this.outbox?.member?.setIdle(this.isIdle);
  }

  _readBlob(job) {
    this._state = GET_BLOB_DATA;
    readBlob(
      job.payload,
      job.hasWaited === true,
      (bytes) => this._blobRead(job, bytes),
      (err) => this._fail(err, job.cb)
    );
  }

  _blobRead(job, bytes) {
    if (this._socket.destroyed) {
      const err = new Error(
        'The socket was closed while the blob was being read'
      );

      timers.nextTick(() => this._abort(err, job.cb));
      return;
    }

    this._bufferedBytes += bytes.length - job.length;
    job.length = bytes.length;
    job.payload = bytes;
    this._state = DEFAULT;
    if (job.compress) this._queue.unshift(job);
    else this._writeBlob(job);

    try {
      this._next();
    } catch (err) {
      // It is not that of the blob, whose callback is called for its own frame.
      timers.nextTick(() => this._fail(err));
    }
  }

  /** Writes what was in a blob. */
  _writeBlob({ cb, first, length, mask, payload }) {
    if (mask) this.outbox?.drainSoon(length, true);
    this._bufferedBytes -= length;

    // What is no function was let through up to here, as with ws.
    const callback = typeof cb === 'function' ? cb : callbackOf(cb);

    // As of what was compressed, ws writes header and payload one after the other.
    this._write(payload, first, mask, callback, payload.length);
  }

  /**
   * Sends nothing instead of a message whose memory the program took away. Of a
   * fragment the peer would not understand what is behind it.
   */
  _leaveOut({ cb, first, length }, err) {
    if ((first & FIN) === 0 || (first & OPCODE) === 0) {
      this.outbox?.beforeCallback();
      this._state = FAILED;
      timers.nextTick(() => this._fail(err, cb));
      return;
    }

    this._bufferedBytes -= length;
    if (typeof cb !== 'function') return;

    const callback = inContextOfNow(() => cb(err));

    if (this.outbox) this.outbox.callBehind(callback);
    else timers.nextTick(callback);
  }

  /** Tells everybody in the line that nothing more will be sent. */
  _abort(err, cb) {
    const jobs = this._queue;

    this._lost = err;
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

/** Why nothing can be sent any more: nobody looks at the queue again. */
SendQueue.prototype._lost = null;

SendQueue.DEFAULT = DEFAULT;
SendQueue.DEFLATING = DEFLATING;
SendQueue.EXTENSION = EXTENSION;

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

module.exports = SendQueue;

'use strict';

const { Buffer } = require('buffer');

const { kWebSocket, NOOP } = require('../constants');
const { takenAwayError } = require('../native/errors');
const numbers = require('../native/numbers');
const PerMessageDeflate = require('../compression/permessage-deflate');
const inContextOfNow = require('./context-of-now');
const { frame, maskingKey } = require('./frame-list');
const packSoon = require('./packing');
const { byteLength, isBlobPayload } = require('./payload');
const timers = require('../timers');

const FastBuffer = Buffer[Symbol.species];
const { FIN, OPCODE, RSV1 } = numbers.frame;
/** Longer messages would hold up the others of an I/O thread. */
const { MAX_INLINE } = numbers.task;

// The values of `_state`.
const DEFAULT = 0;
const DEFLATING = 1;
const GET_BLOB_DATA = 2;
const FAILED = 3;

const EXTENSION = 'permessage-deflate';

/**
 * What was sent and waits: keeps the order while a message is being compressed or
 * read from a `Blob`. Who has no outbox has a `sendFrame()`.
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
    /** The message that an I/O thread is to compress in the next macrotask. */
    this._packing = null;
    /** Whether that macrotask is now. */
    this._packsNow = false;
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
    if (this._lost !== null) {
      if (typeof job.cb === 'function') timers.nextTick(job.cb, this._lost);
      return;
    }

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
    if (!this._mayPack(job)) {
      this._deflateHere(job);
    } else if (!this._packsNow) {
      this._state = DEFLATING;
      // It will be sent in the async context of nobody.
      if (typeof job.cb === 'function') job.cb = inContextOfNow(job.cb);
      this._packing = job;
      this._extensions[EXTENSION].packing = this;
      packSoon(this);
    } else if (!this._pack(job)) {
      this._deflateHere(job);
    }
  }

  /** Whether an I/O thread may compress a message. */
  _mayPack({ first, length, mask }) {
    return (
      !this.makesFrames &&
      this.outbox.packs &&
      this.outbox.isNative &&
      !mask &&
      length <= MAX_INLINE &&
      (first & FIN) !== 0 &&
      (first & OPCODE) !== 0
    );
  }

  /** Gives messages to the I/O thread, now. */
  packNow() {
    const job = this._packing;

    if (job === null) return;

    const pmd = this._extensions[EXTENSION];

    this._packing = null;
    pmd.packing = null;

    if (this._socket.destroyed) {
      pmd.whenCleaned(() => this._lose(job.cb));
      return;
    }

    this._state = DEFAULT;
    this._queue.unshift(job);
    this._packsNow = true;

    try {
      this._next();
    } finally {
      this._packsNow = false;
    }
  }

  /** Gives a message to the I/O thread; `false` if that takes none. */
  _pack({ cb, first, length, payload }) {
    const pmd = this._extensions[EXTENSION];
    const codec = pmd.codecForThread();

    if (codec === -1) return false;

    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;

    if (!this.outbox.packed(bytes, first, codec, pmd.forgets, cb)) return false;

    this._bufferedBytes -= length;
    return true;
  }

  _deflateHere(job) {
    // What its I/O thread has to compress comes before it.
    if (this.outbox?.packs) this.outbox.writeNow();
    this._state = DEFLATING;

    const pmd = this._extensions[EXTENSION];
    const fin = (job.first & FIN) !== 0;
    // The output copies short frames. Others may show them to the program.
    const mayLend =
      this.outbox !== null &&
      pmd.compress === PerMessageDeflate.prototype.compress;

    const callback = (err, bytes) => {
      if (this._socket.destroyed) {
        if (err) this._lose(job.cb);
        else pmd.whenCleaned(inContextOfNow(() => this._lose(job.cb)));
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
        this._lose();
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

  /** The socket was closed before something was compressed. */
  _lose(cb) {
    this._abort(
      new Error('The socket was closed while data was being compressed'),
      cb
    );
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

/** In memory of its own. */
function copyOf(bytes) {
  const copy = Buffer.allocUnsafeSlow(bytes.length);

  copy.set(bytes);
  return copy;
}

module.exports = SendQueue;

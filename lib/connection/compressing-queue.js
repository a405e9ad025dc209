'use strict';

const { Buffer } = require('buffer');

const PerMessageDeflate = require('../compression/permessage-deflate');
const numbers = require('../native/numbers');
const inContextOfNow = require('../wire/context-of-now');
const packSoon = require('./packing');
const SendQueue = require('./send-queue');

const { FIN, OPCODE, RSV1 } = numbers.frame;
/** Longer messages would hold up the others of an I/O thread. */
const { MAX_INLINE } = numbers.task;

const { DEFAULT, DEFLATING, EXTENSION } = SendQueue;
/** ws-rs's own: a program may put another one on an object, or on the class. */
const { compress } = PerMessageDeflate.prototype;

/**
 * Compresses the messages of the queue that are to be, one after the other: here, on
 * the I/O thread of the connection, or once for many connections.
 */
class CompressingQueue extends SendQueue {
  constructor(socket, extensions, generateMask) {
    super(socket, extensions, generateMask);

    /** The message that an I/O thread is to compress in the next macrotask. */
    this._packing = null;
    /** Whether that macrotask is now. */
    this._packsNow = false;
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
    const mayLend = this.outbox !== null && pmd.compress === compress;

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

      try {
        this._writeShared(job);
      } catch (err) {
        // A `write()` of the program's threw; who sends to many is not to see
        // that.
        this._socket.destroy(err);
        this._lose();
        return;
      }

      this._next();
    });
  }

  _writeShared({ first, length, mask, payload, shared }) {
    if (shared.bytes === null) {
      this._write(payload, first, mask);
      return;
    }

    this._extensions[EXTENSION].see(shared.end);
    this._write(shared.bytes, first | RSV1, mask, undefined, length);
  }

  /**
   * Calls back for a message that was not compressed before the socket was
   * closed.
   */
  _lose(cb) {
    this._abort(
      new Error('The socket was closed while data was being compressed'),
      cb
    );
  }
}

/** In memory of its own. */
function copyOf(bytes) {
  const copy = Buffer.allocUnsafeSlow(bytes.length);

  copy.set(bytes);
  return copy;
}

module.exports = CompressingQueue;

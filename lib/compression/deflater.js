'use strict';

const { Codec, finish } = require('./codec');
const hidden = require('./hidden-memory');
const IdleSweep = require('./idle-sweep');
const native = require('../native');
const { FIN, LENT, MAX_INLINE, RESET } = require('../native/numbers').task;
const timers = require('../timers');
const { asBytes, chunkSizeOf, numberOr } = require('./zlib-values');

/**
 * zlib's are 6 and 8. With these, zlib-rs makes about as little of a message
 * (docs/performance.md says how much) in less memory and, from 16 KiB on, in
 * less time, down to half.
 */
const DEFAULT_LEVEL = 5;
const DEFAULT_MEM_LEVEL = 6;

/** Compresses what one connection sends. */
class Deflater extends Codec {
  constructor(id, chunkSize, limiter, level, idleTimeout) {
    super(id, chunkSize, limiter);
    this._level = level;
    this._idle = idleTimeout > 0 ? IdleSweep.of(idleTimeout) : null;
    this.idleSince = -1;
  }

  /**
   * Compresses; `callback(result, a, b)` comes in a later macrotask, those of
   * several calls in their order. The result is a `Buffer`; a string or a number
   * says that there is none.
   *
   * @param {Buffer} data The payload
   * @param {Boolean} fin Whether it ends its message
   * @param {Boolean} reset Whether the context ends with it
   * @param {Boolean} lend Whether the result may lie in memory that is shared
   *     with others; no program may ever see that
   */
  run(data, fin, reset, lend, callback, a, b) {
    const flags = (fin ? FIN : 0) | (reset ? RESET : 0) | (lend ? LENT : 0);

    if (this._idle !== null) this._idle.touch(this);
    if (this._isBusy) this._wait(data, flags, 0, lend, callback, a, b);
    else this._begin(data, flags, 0, lend, callback, a, b);
  }

  // Longer payloads go to another thread at once. Shorter ones are worked on here,
  // where the hop to a thread and back would take longer than the work; if they
  // turn out to take more than half a millisecond, what is left goes there.
  _begin(data, flags, limit, lend, callback, a, b) {
    if (data.length > MAX_INLINE) {
      this._occupy(callback, a, b);
      this._runAway(data, flags, 0, 0);
      return;
    }

    const result = lend
      ? hidden.deflate(this._id, data, flags)
      : native.codecRun(this._id, data, flags, 0, undefined, 0, 0);

    this._occupy(callback, a, b);

    if (result === undefined) this._runAway(undefined, 0, 0, 0);
    else timers.setImmediate(finish, this, result);
  }

  /**
   * Compresses a whole message without reference to any other. The codec is to
   * have nothing else to do.
   *
   * @return {(Buffer|String|Number|undefined)} What came of it; `undefined` if
   *     `callback` is called with that, in a later macrotask
   */
  runShared(data, callback, a, b) {
    if (data.length > MAX_INLINE) {
      this._occupy(callback, a, b);
      this._runAway(data, FIN | RESET, 0, 0);
      return undefined;
    }

    const { id } = this;
    const result = native.codecRun(id, data, FIN | RESET, 0, undefined, 0, 0);

    if (result === undefined) {
      this._occupy(callback, a, b);
      this._runAway(undefined, 0, 0, 0);
    }

    return result;
  }

  /** An I/O thread is about to use it. */
  touch() {
    if (this._idle !== null) this._idle.touch(this);
  }

  /**
   * The peer is sent what another compressor made of a message, with no
   * reference to what was before.
   *
   * @param {Buffer} end The end of that message, 4 KiB if it is so long
   */
  see(end) {
    native.codecSee(this._id, end);
  }

  /**
   * Ends the context; the next message begins a new one.
   *
   * @return {Boolean} Whether it could: not while a message is worked on
   */
  release() {
    return native.codecRelease(this._id) === 1;
  }

  free() {
    if (this._idle !== null) this._idle.forget(this);
    super.free();
  }
}

/**
 * @param {Number} windowBits 8 to 15
 * @param {Object} [options] `zlibDeflateOptions`
 * @param {Limiter} [limiter] Of jobs on other threads
 * @param {Number} [idleTimeout=0] Milliseconds without a message after which
 *     the context ends; 0 is never
 */
function createDeflater(windowBits, options = {}, limiter, idleTimeout) {
  const level = numberOr(options.level, DEFAULT_LEVEL);
  const id = native.deflaterCreate(
    level,
    windowBits,
    numberOr(options.memLevel, DEFAULT_MEM_LEVEL),
    numberOr(options.strategy, 0),
    asBytes(options.dictionary)
  );

  return new Deflater(id, chunkSizeOf(options), limiter, level, idleTimeout);
}

module.exports = { createDeflater };

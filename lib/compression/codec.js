'use strict';

const { AsyncResource } = require('async_hooks');

const IdleSweep = require('./idle-sweep');
const Limiter = require('./limiter');
const native = require('../native');
const { createSlab } = require('../native/slab');
const timers = require('../timers');

const FastBuffer = Buffer[Symbol.species];

/**
 * Payloads of more bytes go to another thread at once. Shorter ones are worked
 * on here, where the hop to a thread and back would take longer than the work;
 * if they turn out to take more than half a millisecond, what is left goes to
 * another thread.
 */
const INLINE_DEFLATE = 16 * 1024;
const INLINE_INFLATE = 16 * 1024;

/**
 * Whoever watches a connection being closed finds its last message still being
 * inflated with ws, as zlib's two jobs take longer than a socket takes to close
 * after its last bytes: two or three turns of the event loop.
 */
const WATCHED_TURNS = 6;

/**
 * zlib's are 6 and 8. With these, zlib-rs makes about as little of a message
 * (docs/performance.md says how much) in less memory and, from 16 KiB on, in
 * less time, down to half.
 */
const DEFAULT_LEVEL = 5;
const DEFAULT_MEM_LEVEL = 6;
const DEFAULT_CHUNK_SIZE = 16 * 1024;

// Flags of a task and answers; src/binding/compression.rs has the same numbers.
const FIN = 1;
const RESET = 2;
const AWAY = 4;
const TOO_LONG = 0xffffffff;
const OUT_OF_MEMORY = 0xfffffffe;
const SHARED = 8 * 1024;

/** Short results are slices of this; each of its bytes is written once. */
const SLAB_SIZE = 64 * 1024;
let slab = null;
let slabUsed = 0;

/** Frees the native state of codecs that nobody closes. */
const forgotten = new FinalizationRegistry((id) => native.codecFree(id));

/** Jobs on other threads: codec id -> what to call with the result. */
const jobs = new Map();

const unlimited = new Limiter();

native.onJobsDone(() => {
  const done = native.takeDone();

  next(0);

  // One listener that throws must not keep the others from their results.
  function next(from) {
    for (let i = from; i < done.length; i += 2) {
      const callback = jobs.get(done[i]);
      let thrown = true;

      jobs.delete(done[i]);

      try {
        callback(done[i + 1]);
        thrown = false;
      } finally {
        if (thrown) timers.setImmediate(next, i + 2);
      }
    }
  }
});

/**
 * One direction of one connection. Its native state is taken from the pool for
 * a message, and kept after it only if the context is taken over.
 */
class Codec {
  constructor(id, chunkSize, limiter) {
    this._id = id;
    this._chunkSize = chunkSize;
    this._limiter = limiter;
    this._freed = false;
    forgotten.register(this, id, this);
  }

  /** Gives the native state back; nothing more is called back then. */
  free() {
    this._freed = true;
    forgotten.unregister(this);
    native.codecFree(this._id);
  }

  /** Works here and now, if it does not take too long. */
  _runHere(data, flags, limit, callback, a, b) {
    if (slab === null) renewSlab();

    const result = native.codecRun(
      this._id,
      data,
      flags,
      limit,
      slab,
      slabUsed
    );

    if (typeof result === 'number') {
      timers.setImmediate(
        callback,
        isFault(result) ? result : carve(result),
        a,
        b
      );
    } else if (result === undefined) {
      this._continue(null, 0, 0, callback, a, b);
    } else {
      if (result.length <= SHARED && typeof result !== 'string') slab = null;
      timers.setImmediate(callback, result, a, b);
    }
  }

  /** Works on another thread, as soon as there is room for one more job. */
  _continue(data, flags, limit, callback, a, b) {
    // Results come back in nobody's async context.
    const context = new AsyncResource('WsRsCompression');

    this._limiter.add((done) => {
      if (this._freed) {
        done();
        return;
      }

      if (data !== null) {
        native.codecRun(this._id, data, flags | AWAY, limit, undefined, 0);
      }

      native.codecContinue(this._id);
      jobs.set(this._id, (result) => {
        done();
        context.runInAsyncScope(callback, null, result, a, b);
      });
    });
  }
}

class Deflater extends Codec {
  constructor(id, chunkSize, limiter, level, idleTimeout) {
    super(id, chunkSize, limiter);
    this._level = level;
    this._idle = idleTimeout > 0 ? IdleSweep.of(idleTimeout) : null;
    this._idleSince = -1;
  }

  /**
   * Compresses; `callback(result, a, b)` comes in a later macrotask. The result
   * is a `Buffer`; a string or a number says that there is none.
   */
  run(data, fin, reset, callback, a, b) {
    const flags = (fin ? FIN : 0) | (reset ? RESET : 0);

    if (this._idle !== null) this._idle.touch(this);
    if (data.length > INLINE_DEFLATE) {
      this._continue(data, flags, 0, callback, a, b);
    } else {
      this._runHere(data, flags, 0, callback, a, b);
    }
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

class Inflater extends Codec {
  /**
   * Inflates; `callback(result, a, b)` comes in a later macrotask. The result
   * is a `Buffer`, zlib's text for what is corrupt, or a number if it would
   * have more than `limit` bytes (0 is no limit).
   */
  run(data, fin, reset, limit, watched, callback, a, b) {
    const flags = (fin ? FIN : 0) | (reset ? RESET : 0);
    const deliver = watched
      ? (result) => later(callback, result, a, b, WATCHED_TURNS)
      : callback;

    if (data.length > INLINE_INFLATE) {
      this._continue(data, flags, limit, deliver, a, b);
    } else {
      this._runHere(data, flags, limit, deliver, a, b);
    }
  }
}

function later(callback, result, a, b, turns) {
  if (turns === 0) callback(result, a, b);
  else timers.setImmediate(later, callback, result, a, b, turns - 1);
}

function isFault(number) {
  return number === TOO_LONG || number === OUT_OF_MEMORY;
}

function renewSlab() {
  slab = createSlab(SLAB_SIZE);
  slabUsed = 0;
}

/** The bytes that a call has just put into the slab. */
function carve(length) {
  const bytes = new FastBuffer(slab.buffer, slabUsed, length);

  // Typed arrays on it stay possible.
  slabUsed = (slabUsed + length + 7) & ~7;
  if (slabUsed >= SLAB_SIZE) slab = null;
  return bytes;
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

  return new Deflater(
    id,
    numberOr(options.chunkSize, DEFAULT_CHUNK_SIZE),
    limiter ?? unlimited,
    level,
    idleTimeout
  );
}

/**
 * @param {Number} windowBits 8 to 15
 * @param {Object} [options] `zlibInflateOptions`
 * @param {Limiter} [limiter] Of jobs on other threads
 */
function createInflater(windowBits, options = {}, limiter) {
  const id = native.inflaterCreate(windowBits, asBytes(options.dictionary));

  return new Inflater(
    id,
    numberOr(options.chunkSize, DEFAULT_CHUNK_SIZE),
    limiter ?? unlimited
  );
}

/** Node's zlib has its default for `NaN`, too. */
function numberOr(value, fallback) {
  return value === undefined || Number.isNaN(value) ? fallback : value;
}

function asBytes(dictionary) {
  if (dictionary === undefined || ArrayBuffer.isView(dictionary)) {
    return dictionary;
  }

  return Buffer.from(dictionary);
}

module.exports = { createDeflater, createInflater };

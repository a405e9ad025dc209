'use strict';

const { Buffer } = require('buffer');
const { AsyncResource } = require('async_hooks');

const { BlockOwner } = require('../memory/message-memory');
const hidden = require('./hidden-memory');
const IdleSweep = require('./idle-sweep');
const Limiter = require('./limiter');
const native = require('../native');
const numbers = require('../native/numbers');
const timers = require('../timers');
const { runAway } = require('./results');
const { CLOSED, FAILED, TAKEN_AWAY } = require('./faults');

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

const { FIN, LENT, RESET } = numbers.task;

/** Frees the native state of codecs that nobody closes. */
const forgotten = new FinalizationRegistry((id) => native.codecFree(id));

const unlimited = new Limiter();

/**
 * One direction of one connection: takes one payload after the other. Its native
 * state is taken from the pool for a message, and kept after it only if the
 * context is taken over.
 */
class Codec {
  constructor(id, chunkSize, limiter) {
    this._id = id;
    this._chunkSize = chunkSize;
    this._limiter = limiter;
    this._freed = false;
    this._isBusy = false;
    // Whom the payload that is worked on belongs to.
    this._callback = null;
    this._a = undefined;
    this._b = undefined;
    /** Payloads that wait for it; `null` until there is one. */
    this._queue = null;
    forgotten.register(this, id, this);
  }

  /**
   * Gives the native state back. Whoever still waits for a result is called
   * back with `CLOSED`, at once and in order.
   */
  free() {
    if (this._freed) return;

    const waiting = this._queue ?? [];

    if (this._isBusy) {
      waiting.unshift({
        callback: this._callback,
        a: this._a,
        b: this._b,
        context: null
      });
    }

    this._freed = true;
    this._settled();
    this._queue = null;
    forgotten.unregister(this);
    native.codecFree(this._id);
    abandon(waiting, 0);
  }

  /** Keeps a payload until its turn comes, in the async context of now. */
  _wait(data, flags, limit, option, callback, a, b) {
    if (this._queue === null) this._queue = [];
    this._queue.push({
      data,
      flags,
      limit,
      option,
      callback,
      a,
      b,
      context: resource()
    });
  }

  /** Notes whom the payload belongs to that is worked on from now on. */
  _occupy(callback, a, b) {
    this._isBusy = true;
    this._callback = callback;
    this._a = a;
    this._b = b;
  }

  _settled() {
    this._isBusy = false;
    this._callback = null;
    this._a = undefined;
    this._b = undefined;
  }

  /** Calls back, and begins with the next payload unless that was the end. */
  _finish(result) {
    // `free()` has called back.
    if (this._freed) return;

    const { _callback: callback, _a: a, _b: b } = this;

    this._settled();

    try {
      const isSound = typeof result === 'object' || result === TAKEN_AWAY;

      if (this._queue !== null && isSound) this._next();
    } finally {
      callback(result, a, b);
    }
  }

  _next() {
    const { data, flags, limit, option, callback, a, b, context } =
      this._queue.shift();

    if (this._queue.length === 0) this._queue = null;

    context.runInAsyncScope(
      this._begin,
      this,
      data,
      flags,
      limit,
      option,
      callback,
      a,
      b
    );
    context.emitDestroy();
  }

  /** Works on another thread, as soon as there is room for one more job. */
  _runAway(data, flags, limit, turns) {
    // Results come back in nobody's async context.
    const context = resource();
    const length = data === undefined ? 0 : data.length;

    this._limiter.add((done) => {
      if (this._freed) {
        done();
        context.emitDestroy();
        return;
      }

      const finish = (result) => {
        done();
        context.runInAsyncScope(later, null, turns, this, result);
        context.emitDestroy();
      };

      // While it waited for room the program may have taken its memory away.
      if (length > 0 && data.length < length) {
        timers.setImmediate(finish, TAKEN_AWAY);
        return;
      }

      try {
        runAway(this._id, data, flags, limit, finish);
      } catch {
        // Another job's callback may have called, so it is not told here.
        timers.setImmediate(finish, FAILED);
      }
    });
  }
}

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

  _begin(data, flags, limit, lend, callback, a, b) {
    if (data.length > INLINE_DEFLATE) {
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
    if (data.length > INLINE_DEFLATE) {
      this._occupy(callback, a, b);
      this._runAway(data, FIN | RESET, 0, 0);
      return undefined;
    }

    const { _id: id } = this;
    const result = native.codecRun(id, data, FIN | RESET, 0, undefined, 0, 0);

    if (result === undefined) {
      this._occupy(callback, a, b);
      this._runAway(undefined, 0, 0, 0);
    }

    return result;
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

  /** The number of its native half. */
  get id() {
    return this._id;
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
  constructor(id, chunkSize, limiter) {
    super(id, chunkSize, limiter);
    /** What short messages are copied to. */
    this._memory = new BlockOwner();
    // What is inflated in the next macrotask.
    this._data = null;
    this._flags = 0;
    this._limit = 0;
  }

  /**
   * Inflates; `callback(result, a, b)` comes in a later macrotask, those of
   * several calls in their order. The result is a `Buffer`, zlib's text for what
   * is corrupt, or a number if it would have more than `limit` bytes (0 is no
   * limit).
   */
  run(data, fin, reset, limit, watched, callback, a, b) {
    const flags = (fin ? FIN : 0) | (reset ? RESET : 0);

    if (this._isBusy) this._wait(data, flags, limit, watched, callback, a, b);
    else this._begin(data, flags, limit, watched, callback, a, b);
  }

  _begin(data, flags, limit, watched, callback, a, b) {
    this._occupy(callback, a, b);

    if (data.length > INLINE_INFLATE) {
      this._runAway(data, flags, limit, watched ? WATCHED_TURNS : 0);
    } else {
      const turns = watched ? WATCHED_TURNS : 0;

      // The program may detach the memory that it came in, with an earlier
      // message.
      this._data = hidden.copy(data);
      this._flags = flags;
      this._limit = limit;
      timers.setImmediate(inflateHere, this, turns);
    }
  }

  /** Inflates in the macrotask in which the result is handed out. */
  _runHere() {
    const { _data: data, _flags: flags, _limit: limit } = this;

    this._data = null;
    if (this._freed) return;

    const result = hidden.inflate(this._id, data, flags, limit, this._memory);

    if (result === undefined) this._runAway(undefined, 0, 0, 0);
    else this._finish(result);
  }

  free() {
    this._memory.giveUpBlock();
    super.free();
  }
}

function finish(codec, result) {
  codec._finish(result);
}

/** Delivers a result some turns of the event loop later. */
function later(turns, codec, result) {
  if (turns === 0) codec._finish(result);
  else timers.setImmediate(later, turns - 1, codec, result);
}

function inflateHere(codec, turns) {
  if (turns > 0) timers.setImmediate(inflateHere, codec, turns - 1);
  else codec._runHere();
}

/** Tells those who wait; one that throws must not keep the others from it. */
function abandon(waiting, from) {
  for (let i = from; i < waiting.length; i++) {
    const { callback, a, b, context } = waiting[i];
    let thrown = true;

    try {
      if (context === null) {
        callback(CLOSED, a, b);
      } else {
        context.runInAsyncScope(callback, null, CLOSED, a, b);
        context.emitDestroy();
      }

      thrown = false;
    } finally {
      if (thrown) timers.setImmediate(abandon, waiting, i + 1);
    }
  }
}

/** An async context that is left when it is used up, not when it is collected. */
function resource() {
  return new AsyncResource('WsRsCompression', { requireManualDestroy: true });
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

'use strict';

const { BlockOwner } = require('../memory/message-memory');
const { Codec } = require('./codec');
const hidden = require('./hidden-memory');
const native = require('../native');
const { FIN, MAX_INLINE, RESET } = require('../native/numbers').task;
const timers = require('../timers');
const { asBytes, chunkSizeOf } = require('./zlib-values');

/**
 * With ws a message that has just come is still being inflated when its
 * connection is seen to close: zlib's two jobs take longer than a socket takes
 * to close after its last bytes, which is two or three turns of the event loop.
 * Results for who can see that come after so many turns.
 */
const WATCHED_TURNS = 6;

/** Inflates what one connection receives. */
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

    if (data.length > MAX_INLINE) {
      this._runAway(data, flags, limit, watched ? WATCHED_TURNS : 0);
    } else {
      const turns = watched ? WATCHED_TURNS : 0;

      // The program may detach the memory that it came in, with an earlier
      // message.
      this._data = hidden.copy(data);
      this._flags = flags;
      this._limit = limit;
      timers.afterTurns(turns, inflateHere, this);
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

function inflateHere(codec) {
  codec._runHere();
}

/**
 * @param {Number} windowBits 8 to 15
 * @param {Object} [options] `zlibInflateOptions`
 * @param {Limiter} [limiter] Of jobs on other threads
 */
function createInflater(windowBits, options = {}, limiter) {
  const id = native.inflaterCreate(windowBits, asBytes(options.dictionary));

  return new Inflater(id, chunkSizeOf(options), limiter);
}

module.exports = { createInflater, WATCHED_TURNS };

'use strict';

const { asyncHooks } = require('../builtins');
const Limiter = require('./limiter');
const native = require('../native');
const timers = require('../timers');
const { runAway } = require('./results');
const { CLOSED, FAILED, TAKEN_AWAY } = require('./faults');
const { FinalizationRegistry } = require('../weak');

const { AsyncResource } = asyncHooks;

/** Frees the native state of codecs that nobody closes. */
const forgotten = new FinalizationRegistry((id) => native.codecFree(id));

const unlimited = new Limiter();

/**
 * One direction of one connection: takes one payload after the other. Its native
 * state is taken from the pool for a message, and kept after it only if the
 * context is taken over.
 */
class Codec {
  /**
   * @param {Number} id The native codec
   * @param {Number} chunkSize What zlib's has as `_chunkSize`
   * @param {Limiter} [limiter] Of jobs on other threads
   */
  constructor(id, chunkSize, limiter) {
    this._id = id;
    this._chunkSize = chunkSize;
    this._limiter = limiter ?? unlimited;
    this._freed = false;
    this._isBusy = false;
    // Called with the result of the payload that is worked on.
    this._callback = null;
    this._a = undefined;
    this._b = undefined;
    /** Payloads that wait for it; `null` until there is one. */
    this._queue = null;
    forgotten.register(this, id, this);
  }

  /** The number of its native half. */
  get id() {
    return this._id;
  }

  /** Whether it has nothing to do. */
  get isIdle() {
    return !this._isBusy && this._queue === null;
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

  /** Notes who is called back for the payload that is worked on from now on. */
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

      // The program may have taken its memory away while it waited for a job.
      if (length > 0 && data.length < length) {
        timers.setImmediate(finish, TAKEN_AWAY);
        return;
      }

      try {
        runAway(this._id, data, flags, limit, finish);
      } catch {
        // Called later, as the callback of another job may be what has called
        // this.
        timers.setImmediate(finish, FAILED);
      }
    });
  }
}

/** Has a codec call back with what it has made in this thread. */
function finish(codec, result) {
  codec._finish(result);
}

/** Delivers a result some turns of the event loop later. */
function later(turns, codec, result) {
  if (turns === 0) codec._finish(result);
  else timers.setImmediate(later, turns - 1, codec, result);
}

/**
 * Calls back for payloads that wait; a callback that throws must not keep the
 * others from being called.
 */
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

/**
 * An async context that is left when it is used up, not when it is collected:
 * until then it would look like an open handle.
 */
function resource() {
  return new AsyncResource('WsRsCompression', { requireManualDestroy: true });
}

module.exports = { Codec, finish };

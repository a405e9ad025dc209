'use strict';

const native = require('../native');
const { takenAwayError } = require('../native/errors');
const numbers = require('../native/numbers');
const timers = require('../timers');
const { PendingCallback, settle } = require('./send-callbacks');
const {
  brokenPipeError,
  destroyedError,
  streamDestroyedError
} = require('./errors');

const { LOST } = numbers.fate;

/**
 * The callbacks of a connection's frames that wait in native memory, in their
 * order. Of those that the native wire writes, native memory knows the fates.
 */
class FrameCallbacks {
  /**
   * @param {Number} id The native connection
   */
  constructor(id) {
    this._id = undefined;
    this._id = id;
    this._waiting = null;
    /**
     * How many callbacks wait for the next tick, which later ones must not
     * overtake.
     */
    this._late = 0;
  }

  /** Whether none waits. */
  get isEmpty() {
    return this._waiting === null;
  }

  /** How many wait. */
  get count() {
    return this._waiting === null ? 0 : this._waiting.length;
  }

  /**
   * @param {Function} callback The callback of the frame that was sent last
   * @return {Object} It, for `inContext()`
   */
  add(callback) {
    const pending = new PendingCallback(callback);

    if (this._waiting === null) this._waiting = [pending];
    else this._waiting.push(pending);
    return pending;
  }

  /**
   * @return {Array|null} Those that wait; from now on they are the caller's
   */
  take() {
    const waiting = this._waiting;

    this._waiting = null;
    return waiting;
  }

  /** Calls back for frames whose fate is known. */
  settle() {
    for (;;) {
      const call = this._nextSettled();

      if (call === undefined) return;

      if (this._late > 0) {
        this._callLate(call);
      } else if (!call()) {
        // Behind the others of those of which one threw.
        timers.setImmediate(() => this.settle());
        return;
      }
    }
  }

  /**
   * As `settle()`, but calls nobody within a call of the program's.
   *
   * @param {Boolean} [leavesLost=false] Whether the callbacks of lost frames
   *     are left to somebody else
   */
  settleSoon(leavesLost = false) {
    let isLate = this._late > 0;

    if (this._waiting === null) return;

    for (;;) {
      // Others are not called before the next tick anyway.
      isLate ||= this._waiting !== null && this._waiting[0].isDue;

      const call = this._nextSettled(leavesLost);

      if (call === undefined) return;
      if (isLate) this._callLate(call);
      else call();
    }
  }

  /**
   * The frames that wait are lost.
   *
   * @param {Error} [err] Why, if there is an error of the program's
   * @param {Number} underWay How many callbacks are of a write under way, which
   *     has an error of its own
   * @param {Error} [errUnderWay] That error, if not what it gets where a socket
   *     is destroyed
   * @return {Function|undefined} Calls back for them
   */
  lose(err, underWay, errUnderWay) {
    const callbacks = this.take();

    if (callbacks === null) return undefined;

    const others = callbacks.splice(underWay);

    return () => {
      settleBoth(
        [callbacks, errUnderWay ?? destroyedError()],
        [others, err ?? destroyedError()]
      );
    };
  }

  /**
   * None of the frames that wait will be written.
   *
   * @param {Error} err Why
   * @param {Number} count How many callbacks there were when that was found.
   *     With ws each frame that is sent later is a write of its own, and the
   *     kernel tells of a reset once
   * @return {Function|undefined} Calls back for them
   */
  fail(err, count) {
    const callbacks = this.take();

    if (callbacks === null) return undefined;

    const later = callbacks.splice(count);

    return () => settleBoth([callbacks, err], [later, behind(err)]);
  }

  /**
   * As `fail()`, in the next tick, for what was sent when the others had been
   * called back for.
   *
   * @param {Error} err Why those were not written
   * @param {Boolean} isDestroyed Whether the stream was destroyed before
   */
  failLate(err, isDestroyed) {
    const callbacks = this.take();

    if (callbacks === null) return;

    timers.nextTick(
      settle(callbacks),
      isDestroyed ? streamDestroyedError() : behind(err)
    );
  }

  _callLate(call) {
    this._late++;
    timers.nextTick(() => {
      this._late--;
      call();
    });
  }

  /**
   * Takes the next callbacks whose frames had the same fate.
   *
   * @param {Boolean} [leavesLost] Whether those of lost frames are to stay
   */
  _nextSettled(leavesLost) {
    if (this._waiting === null) return undefined;

    const run = native.nextFates(this._id);

    if (run === 0) return undefined;

    const count = run >>> 2;
    const fate = run & 3;

    if (leavesLost && fate === LOST) return undefined;

    let due = this._waiting;

    if (count >= due.length) this._waiting = null;
    else due = due.splice(0, count);

    const call = settle(due);

    return () =>
      call(
        fate === 0 ? null : fate === LOST ? destroyedError() : takenAwayError()
      );
  }
}

/** What a write fails with behind one that has met an error. */
function behind(err) {
  return err.code === 'ECONNRESET' ? brokenPipeError() : err;
}

/**
 * Calls back for two groups; if a callback of the first throws, the second
 * waits.
 */
function settleBoth([first, err], [second, otherErr]) {
  if (settle(first)(err)) settle(second)(otherErr);
  // Behind the others of the first, which wait for that as well.
  else timers.setImmediate(settle(second), otherErr);
}

module.exports = FrameCallbacks;

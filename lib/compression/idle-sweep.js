'use strict';

const { util } = require('../builtins');
const given = require('../given');
const timers = require('../timers');

/** The clock's steps in a timeout: what is idle ends at most one step late. */
const STEPS = 4;

/** The longest time that a timer of Node's can wait, in milliseconds. */
const MAX_TIME = 2 ** 31 - 1;

/** Sweeps by timeout. */
const sweeps = new Map();

/**
 * Ends the contexts of deflaters that were not used for a time. One unref'd
 * timer for all deflaters of the same timeout, running only while there is a
 * context to end; using a deflater costs an assignment.
 */
class IdleSweep {
  /**
   * Looks at an option of permessage-deflate.
   *
   * @param {Object} [options] `idleTimeout`: milliseconds, or 0 for never
   * @throws {TypeError|RangeError} It is of no use
   */
  static check(options) {
    const timeout = given(options, 'idleTimeout');

    if (timeout === undefined || timeout === null) return;

    if (typeof timeout !== 'number') {
      throw new TypeError(
        '"idleTimeout" of the option "perMessageDeflate" is a number of ' +
          `milliseconds, not ${util.inspect(timeout)}`
      );
    }

    if (!(timeout >= 0 && timeout <= MAX_TIME)) {
      throw new RangeError(
        '"idleTimeout" of the option "perMessageDeflate" is from 0, for never, ' +
          `to ${MAX_TIME} milliseconds, not ${timeout}`
      );
    }
  }

  /**
   * @param {Number} timeout Milliseconds
   * @return {IdleSweep} The one for this timeout
   */
  static of(timeout) {
    let sweep = sweeps.get(timeout);

    if (sweep === undefined) {
      sweep = new IdleSweep(timeout);
      sweeps.set(timeout, sweep);
    }

    return sweep;
  }

  constructor(timeout) {
    this._timeout = timeout;
    this._deflaters = new Set();
    this._step = 0;
    this._timer = null;
  }

  /** Notes that a deflater is used. */
  touch(deflater) {
    if (deflater.idleSince === -1) {
      this._deflaters.add(deflater);

      if (this._timer === null) {
        this._timer = timers.setInterval(
          () => this._sweep(),
          Math.max(1, this._timeout / STEPS)
        );
        this._timer.unref();
      }
    }

    deflater.idleSince = this._step;
  }

  /** A deflater is closed. */
  forget(deflater) {
    if (deflater.idleSince !== -1) this._remove(deflater);
  }

  _remove(deflater) {
    deflater.idleSince = -1;
    this._deflaters.delete(deflater);

    if (this._deflaters.size === 0) {
      timers.clearInterval(this._timer);
      this._timer = null;
    }
  }

  _sweep() {
    this._step++;

    for (const deflater of this._deflaters) {
      // The step in which it was used had begun already.
      if (this._step - deflater.idleSince > STEPS && deflater.release()) {
        this._remove(deflater);
      }
    }
  }
}

module.exports = IdleSweep;

'use strict';

/**
 * A write of the native wire that has failed. The frames that waited when that
 * was found fail with its error, later ones with what a stream says then. All
 * are called back for before the socket is destroyed.
 */
class FailedWrite {
  /**
   * @param {Error} error Why
   * @param {FrameCallbacks|null} callbacks Those of the frames that wait
   */
  constructor(error, callbacks) {
    this.error = error;
    this._count = callbacks === null ? 0 : callbacks.count;
    /** Calls back; `undefined` if nobody waits, `null` as long as more may come. */
    this._call = null;
  }

  /** What is sent from now on has another fate. */
  end(callbacks) {
    if (this._call === null) {
      this._call = callbacks?.fail(this.error, this._count);
    }
  }

  /** Calls back for all up to `end()`. */
  callBack() {
    this._call?.();
  }

  /**
   * Something was sent again.
   *
   * @param {FrameCallbacks|null} callbacks Those of the frames that wait
   * @param {Boolean} isDestroyed Whether the stream is destroyed
   */
  failAgain(callbacks, isDestroyed) {
    if (this._call !== null) callbacks?.failLate(this.error, isDestroyed);
  }
}

module.exports = FailedWrite;

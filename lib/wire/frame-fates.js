'use strict';

const native = require('../native');
const { takenAwayError } = require('../native/errors');
const numbers = require('../native/numbers');
const timers = require('../timers');
const FailedWrite = require('./failed-write');
const { isLight } = require('./materialize');
const Tick = require('./tick');
const {
  GIVES_ECANCELED,
  destroyedError,
  failedWriteError
} = require('./errors');

const { BLOCKED_LENGTH, BYTES_READ, BYTES_WRITTEN, UNDER_WAY, WRITE_ERROR } =
  numbers.counter;

/**
 * What becomes of the frames of a connection: each is written, or lost with an error,
 * and what has a callback is called back for once.
 */
class FrameFates {
  /**
   * @param {Duplex} socket The socket to write to
   * @param {Number} id The native connection, which holds the frames
   */
  constructor(socket, id) {
    // First what every message needs.
    /** Whether the native wire writes, and the stream has nothing to do. */
    this.isNative = false;
    // See lib/wire/slot.js.
    this._id = undefined;
    this._id = id;
    this._socket = socket;
    /** Callbacks of frames that wait, once there was one. */
    this._callbacks = null;
    /** Whether there is a native wire. */
    this._isPromoted = false;
    /** What was read and written, once the native connection is freed. */
    this._final = null;
    /** Gets errors that the socket does not hear of. */
    this.owner = null;
  }

  /** The native connection. */
  get id() {
    return this._id;
  }

  /**
   * The descriptor is about to be closed: nothing more is written, and what
   * waits is lost.
   *
   * @param {Error} [err] Why
   * @param {Error} [errUnderWay] What the write under way gets, if not what it
   *     gets where a socket is destroyed
   * @return {Function|undefined} Forgets what is lost and calls its callbacks
   */
  close(err, errUnderWay) {
    // With an error of the program's the write under way still has its own.
    const underWay =
      err && this.isNative ? native.connectionState(this._id, UNDER_WAY) : 0;

    // What a stream did not write counts as buffered until its callbacks come.
    const lost = this.isNative ? this.blockedLength : 0;

    if (lost > 0) this._lostLength = lost;

    this._isPromoted = false;
    this.isNative = false;
    native.discardOutbox(this._id);
    Tick.delist(this._id, this);

    let callLost;

    // Frames that have failed already are about to be called back for.
    if (this._failed !== null) this._failed.end(this._callbacks);
    else callLost = this._callbacks?.lose(err, underWay, errUnderWay);

    if (this._lostLength === 0) return callLost;

    return () => {
      this._lostLength = 0;
      if (GIVES_ECANCELED) noteError(this._socket, errUnderWay);
      if (callLost !== undefined) callLost();
    };
  }

  /** The native connection is about to be freed. */
  free() {
    const { bytesRead: read, bytesWritten: written } = this;

    this._final = { read, written };

    const callLost = this.close();

    if (callLost !== undefined) timers.nextTick(callLost);
  }

  /** Bytes that were given to the native wire. */
  get bytesWritten() {
    return this._final === null
      ? native.connectionState(this._id, BYTES_WRITTEN)
      : this._final.written;
  }

  /** Bytes that were read past the socket. */
  get bytesRead() {
    return this._final === null
      ? native.connectionState(this._id, BYTES_READ)
      : this._final.read;
  }

  /** Bytes that the native wire could not take yet, or not before its end. */
  get blockedLength() {
    return this.isNative
      ? native.connectionState(this._id, BLOCKED_LENGTH)
      : this._lostLength;
  }

  /** The callbacks of the frames that wait; from now on they are the caller's. */
  takeCallbacks() {
    return this._callbacks === null ? null : this._callbacks.take();
  }

  /** The native wire is broken, or a payload was taken away half written. */
  fail() {
    if (this._failed !== null) {
      this._failed.failAgain(this._callbacks, this._socket.destroyed);
      return;
    }

    // What was written before was written, whatever failed behind it.
    if (this._callbacks !== null) this._callbacks.settleSoon(true);

    const number = native.connectionState(this._id, WRITE_ERROR);
    const error = number > 0 ? failedWriteError(number) : takenAwayError();

    const failed = new FailedWrite(error, this._callbacks);

    this._failed = failed;

    timers.nextTick(() => {
      try {
        failed.end(this._callbacks);
        failed.callBack();
      } finally {
        if (!this._isReadOn(number)) this._socket.destroy(error);
        if (number <= 0 && this.owner !== null) this.owner.onLost(error);
      }
    });
  }

  /** Calls back for tracked frames whose fate is known. */
  _settle() {
    // Frames of a failed write have an error of their own.
    if (this._callbacks !== null && this._failed === null) {
      this._callbacks.settle();
    }
  }

  /** As `_settle()`, but calls nobody within a call of the program's. */
  _settleSoon() {
    if (this._callbacks !== null && this._failed === null) {
      this._callbacks.settleSoon();
    }
  }
}

// Rarely set, so no field of each: idle connections are kept by the thousand.
/** The write that has failed, if one has. */
FrameFates.prototype._failed = null;
/** How many bytes are lost whose callbacks are yet to be called. */
FrameFates.prototype._lostLength = 0;

/** A write that is canceled is its stream's error, if there was none. */
function noteError(socket, err = destroyedError()) {
  if (isLight(socket)) return;

  for (const state of [socket._writableState, socket._readableState]) {
    if (state && !state.errored) state.errored = err;
  }
}

module.exports = FrameFates;

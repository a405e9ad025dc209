'use strict';

const { Buffer } = require('buffer');

const { NOOP } = require('../constants');
const native = require('../native');
const numbers = require('../native/numbers');
const timers = require('../timers');
const { inContext, pendingCallback, settle } = require('./send-callbacks');
const takeHandle = require('./taken-handle');
const { hook, isPlain, kLoop } = require('./taken-socket');
const Tick = require('./tick');
const {
  GIVES_ECANCELED,
  destroyedError,
  failedWriteError,
  takenAwayError
} = require('./errors');

/** Payloads of this many bytes are written from where they are, not joined. */
const LENT_AT = 16 * 1024;
/** Strings of this many units are encoded by Node first. */
const LONG_TEXT = 16 * 1024;

const { MASK_KEY, MASK_RANDOM, MORE_MESSAGES, NO_HEADER, TRACK } = numbers.flag;
const { ANSWER, BLOCKED, FAILED, OVERDUE, SCHEDULE, TAKE, WRITTEN } =
  numbers.sent;
const { LOST } = numbers.fate;
const {
  BLOCKED_LENGTH,
  BYTES_READ,
  BYTES_WRITTEN,
  PEAK,
  UNDER_WAY,
  WAITING,
  WRITE_ERROR
} = numbers.counter;

/**
 * The way out of a connection. Its frames wait in native memory, and at any
 * time one party writes them: the native wire, if the connection is on it and
 * the socket's stream has nothing to do, or else that stream.
 */
class Outbox {
  /**
   * @param {Duplex} socket The socket to write to
   * @param {Number} id The native connection, which holds the frames
   */
  constructor(socket, id) {
    // First what every message needs.
    /** Who may be in the middle of a message, once there is one. */
    this.sender = null;
    /** Whether the native wire writes, and the stream has nothing to do. */
    this.isNative = false;
    this._id = id;
    this._socket = socket;
    /** Callbacks of frames that wait, in their order. */
    this._callbacks = null;
    /** The `write()` that sees to the order, once it is there. */
    this._write = null;
    /** Whether there is a native wire. */
    this._isPromoted = false;
    /** Whether it is among those that wait for the end of the tick. */
    this.isWaiting = false;
    /** Whether frames and a program's own writes are being given to the stream. */
    this._isGiving = false;
    this._willDrain = false;
    /** How many callbacks the stream is to call. */
    this._owed = 0;
    this._failure = null;
    this._lostLength = 0;
    this._finalBytesRead = -1;
    this._finalBytesWritten = -1;
    /** What is called for an error that the socket knows nothing of. */
    this.onerror = null;
  }

  /** Whether a message may go out now, past the sender. */
  get isFree() {
    return this.sender === null || this.sender.isIdle;
  }

  /**
   * Sends a text frame.
   *
   * @param {String} text The payload
   * @param {Number} first FIN, RSV1 and the opcode: the frame's first byte
   * @param {Boolean} mask Whether to mask it
   * @param {Number} [key] The masking key, if not a random one
   * @param {Function} [callback] Called when the bytes are written, or not
   */
  text(text, first, mask, key, callback) {
    if (text.length >= LONG_TEXT) {
      if (mask) this.drainSoon(text.length);
      this.bytes(Buffer.from(text), first, mask, key, callback);
      return;
    }

    const flags = first | this._flags(mask, key, callback);

    this._sent(
      native.queueText(this._id, text, text.length, flags, key),
      callback
    );
  }

  /** Sends a frame of bytes; see `text()`. */
  bytes(bytes, first, mask, key, callback) {
    const flags = first | this._flags(mask, key, callback);

    // A program's bytes are masked in a copy, behind their header: one write.
    if (bytes.length >= LENT_AT && !mask) this.drainSoon(bytes.length);

    if (bytes.length < LENT_AT || mask) {
      this._sent(native.queueBytes(this._id, bytes, flags, key), callback);
    } else {
      this._sentLent(native.queueLent(this._id, bytes, flags), bytes, callback);
    }
  }

  /** Sends frames that somebody else made. */
  raw(list, callback) {
    const last = list.length - 1;

    if (last > 0) this.drainSoon(list[last].length);

    for (let i = 0; i <= last; i++) {
      const chunk = list[i];
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      const then = i === last ? callback : undefined;
      // They are one frame: what comes first waits for the rest.
      const flags =
        this._flags(false, undefined, then) | (i < last ? MORE_MESSAGES : 0);

      if (bytes.length < LENT_AT) {
        this._sent(native.queueRaw(this._id, bytes, flags), then);
      } else {
        this._sentLent(
          native.queueLent(this._id, bytes, flags | NO_HEADER),
          bytes,
          then
        );
      }
    }
  }

  /**
   * As `yieldToStream()`, for a stream that is in the middle of a write.
   *
   * Of a stream that writes anyway nothing is taken: what it has now is older
   * than what waits here.
   *
   * @return {{bytes: Buffer, callback: Function}|null} What waits, and what is
   *     to be called when it is written
   */
  takeRest() {
    if (!this.isNative) return null;

    this.isNative = false;
    native.setWriter(this._id, false);
    this._settleSoon();

    const length = native.connectionState(this._id, WAITING);

    if (length === 0) return null;

    const bytes = Buffer.allocUnsafe(length);

    if (native.takeQueued(this._id, bytes) !== 1) {
      this._fail();
      return null;
    }

    const callbacks = this._callbacks;

    this._callbacks = null;
    return { bytes, callback: this._owe(callbacks) ?? NOOP };
  }

  /**
   * Has the stream write from now on, and gives it what waits: it is about to
   * do something of its own.
   */
  yieldToStream() {
    if (this._isGiving) return;

    if (this.isNative) {
      this.isNative = false;
      native.setWriter(this._id, false);
      this._settleSoon();
    }

    this._give();
  }

  /** The connection is on the native wire from now on. */
  promote() {
    this.hook();
    this._isPromoted = true;
    this._takeFromStream();
  }

  /** The native wire is about to go. */
  demote() {
    this._isPromoted = false;
    if (this.isNative) this.yieldToStream();
  }

  /** The socket is about to be destroyed: what this tick sent goes first. */
  beforeDestroy() {
    if (!this.isNative) {
      this._giveSafely();
      return;
    }

    if (this.blockedLength === 0) native.flushOutbox(this._id);
    this._settleSoon();
  }

  /**
   * The descriptor is about to be closed: nothing more is written, and what
   * waits is lost.
   *
   * @param {Error} [err] Why
   * @param {Error} [errUnderWay] What the write under way gets, if not what it
   *     gets where a socket is destroyed
   * @return {Function|undefined} Calls the callbacks of what is lost
   */
  close(err, errUnderWay) {
    const callbacks = this._callbacks;

    // With an error of the program's the write under way still has its own.
    const underWay =
      err && this.isNative ? native.connectionState(this._id, UNDER_WAY) : 0;

    // What a stream did not write counts as buffered when it is destroyed.
    if (this.isNative) this._lostLength = this.blockedLength;

    this._isPromoted = false;
    this.isNative = false;
    this._callbacks = null;
    native.discardOutbox(this._id);
    Tick.delist(this._id, this);

    if (callbacks === null) return undefined;

    const others = callbacks.splice(underWay);

    return () => {
      if (underWay > 0) settle(callbacks)(errUnderWay ?? destroyedError());
      if (others.length > 0) settle(others)(err ?? destroyedError());
    };
  }

  /** The native connection is about to be freed. */
  free() {
    this._finalBytesRead = this.bytesRead;
    this._finalBytesWritten = this.bytesWritten;

    const callLost = this.close();

    if (callLost !== undefined) timers.nextTick(callLost);
  }

  /** Bytes that were given to the native wire. */
  get bytesWritten() {
    return this._finalBytesWritten < 0
      ? native.connectionState(this._id, BYTES_WRITTEN)
      : this._finalBytesWritten;
  }

  /** Bytes that were read past the socket. */
  get bytesRead() {
    return this._finalBytesRead < 0
      ? native.connectionState(this._id, BYTES_READ)
      : this._finalBytesRead;
  }

  /** Bytes that the native wire could not take yet, or not before its end. */
  get blockedLength() {
    return this.isNative
      ? native.connectionState(this._id, BLOCKED_LENGTH)
      : this._lostLength;
  }

  /** Bytes that wait here behind others that the stream has not written. */
  get unwrittenLength() {
    return this.isWaiting && this._socket._writableState.length > 0
      ? native.connectionState(this._id, WAITING)
      : this.blockedLength;
  }

  /**
   * Looks at what became of frames: writes those that are the stream's, calls
   * back for others.
   */
  attend() {
    if (!this.isNative) {
      this._giveSafely();
      return;
    }

    native.flushOutbox(this._id);

    if (native.connectionState(this._id, WRITE_ERROR) !== 0) {
      this._fail();
      return;
    }

    if (native.connectionState(this._id, BLOCKED_LENGTH) === 0) {
      const peak = native.connectionState(this._id, PEAK);

      if (peak > 0 && peak >= this._socket.writableHighWaterMark) {
        let isDone = false;

        try {
          this._socket.emit('drain');
          isDone = true;
        } finally {
          if (!isDone) timers.nextTick(() => this._settle());
        }
      }
    }

    this._settle();
  }

  /**
   * Has whoever writes to the socket itself, ends it or destroys it do so behind
   * the frames that wait.
   *
   * @return {Boolean} Whether that is seen to
   */
  hook() {
    if (this._write === null) {
      const socket = this._socket;

      this._write = hook(socket, this);
      Tick.enlist(this._id, this);

      if (isPlain(socket) && socket._handle) {
        const handle = socket._handle;

        takeHandle(
          handle,
          () => onHandleClosing(socket, this, handle),
          () => onHandleReading(socket)
        );
      }
    }

    return this._socket.write === this._write;
  }

  _flags(mask, key, callback) {
    if (this.isNative) {
      // A `write()` that somebody put there is to see the frames.
      if (this._socket.write !== this._write) this._makeWayForWrite();
    } else if (this._isPromoted) {
      this._takeFromStream();
    } else if (this.isWaiting && this._socket.write !== this._write) {
      this._makeWayForWrite();
    }

    let flags = Tick.hasMoreMessages ? MORE_MESSAGES : 0;

    if (mask) flags |= key === undefined ? MASK_RANDOM : MASK_KEY;
    if (callback && this.isNative) flags |= TRACK;
    return flags;
  }

  /** Somebody has put a `write()` there: what was sent before passes it by. */
  _makeWayForWrite() {
    if (this.isNative) native.flushOutbox(this._id);
    this.yieldToStream();
  }

  /** Has the native wire write, if the stream has nothing to do. */
  _takeFromStream() {
    const { _writableState: state } = this._socket;

    if (
      state.length === 0 &&
      !state.corked &&
      !state.ending &&
      !state.destroyed &&
      !state.errored &&
      // Their callbacks are to be called before others.
      this._owed === 0 &&
      !this.isWaiting &&
      this._failure === null &&
      this._socket.write === this._write
    ) {
      this.isNative = true;
      native.setWriter(this._id, true);
    }
  }

  _sent(code, callback) {
    const pending = callback ? this._addCallback(callback) : null;

    if (code !== undefined) this._answer(code);
    if (pending !== null) timers.nextTick(inContext, pending);
  }

  _answer(code) {
    const answer = code & ANSWER;

    if ((code & SCHEDULE) !== 0) Tick.schedule();

    if (answer === WRITTEN) {
      if (this.isNative) this._settleSoon();
    } else if (answer === FAILED) {
      this._fail();
    } else if (answer === TAKE) {
      this._give(this._socket.write);
    } else if (answer !== BLOCKED && !this.isNative) {
      if (this.hook()) Tick.add(this);
      else this._give(this._socket.write);
    } else if (this._callbacks !== null && answer !== BLOCKED) {
      Tick.add(this);
    }

    if ((code & OVERDUE) !== 0) Tick.flush();
  }

  /** A payload of its own was sent; on a stream it is to be given to that. */
  _sentLent(code, bytes, callback) {
    if ((code & ANSWER) !== TAKE) {
      this._sent(code, callback);
      return;
    }

    // Before anything that may throw: it is for all connections.
    if ((code & SCHEDULE) !== 0) Tick.schedule();

    if (this._isGiving) {
      // The payload too; what becomes of the header is known.
      native.queueRaw(this._id, bytes, MORE_MESSAGES);
      this._sent(code, callback);
      return;
    }

    const socket = this._socket;

    this._isGiving = true;
    // One chunk alone is written as it is: corked, a stream would emit 'drain'.
    const isCorked =
      native.connectionState(this._id, WAITING) > 0 && corks(socket);

    try {
      this._giveNow(socket.write);
      const then = this._owe(callback);

      socket.write(bytes, then);
      if (isCorked) socket.uncork();
      then?.isGiven();
    } catch (err) {
      if (isCorked) socket.uncork();
      throw err;
    } finally {
      this._isGiving = false;
    }

    if ((code & OVERDUE) !== 0) Tick.flush();
  }

  /**
   * A header and a payload are given to the stream apart: it emits `'drain'`
   * behind those if they are long, whether the kernel takes them at once or not.
   *
   * @param {Number} length The payload's length
   */
  drainSoon(length) {
    const socket = this._socket;

    if (!this.isNative && this._isPromoted) this._takeFromStream();

    if (
      !this.isNative ||
      this._willDrain ||
      socket.listenerCount('drain') === 0 ||
      length < socket.writableHighWaterMark
    ) {
      return;
    }

    this._willDrain = true;
    timers.nextTick(() => {
      this._willDrain = false;
      if (this.isNative && this.blockedLength === 0) socket.emit('drain');
    });
  }

  _addCallback(callback) {
    const pending = pendingCallback(callback);

    if (this._callbacks === null) this._callbacks = [pending];
    else this._callbacks.push(pending);
    return pending;
  }

  /**
   * Gives the stream what waits.
   *
   * @param {Function} [write] The stream's `write()`, if not what somebody may
   *     have put in its place since that was sent
   */
  _give(write = this._write ?? this._socket.write) {
    if (this._isGiving) {
      // Somebody sends within the stream's write(): behind what that has.
      Tick.add(this);
      return;
    }

    this._isGiving = true;

    try {
      this._giveNow(write);
    } finally {
      this._isGiving = false;
    }
  }

  _giveNow(write) {
    const length = native.connectionState(this._id, WAITING);

    if (length === 0) return;

    const bytes = Buffer.allocUnsafe(length);

    if (native.takeQueued(this._id, bytes) !== 1) {
      this._fail();
      return;
    }

    const then = this._owe(this._callbacks);

    this._callbacks = null;

    try {
      write.call(this._socket, bytes, then);
      then?.isGiven();
    } catch (err) {
      if (then !== undefined) timers.nextTick(then, err);
      throw err;
    }
  }

  /** As `_give()`, where nobody is there to catch what `write()` throws. */
  _giveSafely() {
    try {
      this._give();
    } catch (err) {
      this._socket.destroy(err);
    }
  }

  /**
   * @param {(Function|Array|null)} [callbacks] One, or pending ones
   * @return {Function|undefined} What the stream is to call for them
   */
  _owe(callbacks) {
    if (!callbacks) return undefined;

    const call =
      typeof callbacks === 'function' ? callbacks : settle(callbacks);
    const socket = this._socket;
    let isOwed = true;
    let isUnderWay = false;

    this._owed++;

    const then = (err) => {
      if (!isOwed) return;

      isOwed = false;
      this._owed--;
      call(!err && isUnderWay && socket.destroyed ? destroyedError() : err);
    };

    /** The stream has it: is it written, or does the kernel keep it waiting? */
    then.isGiven = () => {
      isUnderWay = !GIVES_ECANCELED && isOwed && isKernelFull(socket);
    };

    return then;
  }

  /** Calls back for tracked frames whose fate is known. */
  _settle() {
    let isDone = false;

    try {
      for (;;) {
        const call = this._nextSettled();

        if (call === undefined) break;
        call();
      }

      isDone = true;
    } finally {
      // Behind the others of those that threw.
      if (!isDone) timers.setImmediate(() => this._settle());
    }
  }

  /** As `_settle()`, but calls nobody within a call of the program's. */
  _settleSoon() {
    let isLate = false;

    if (this._callbacks === null) return;

    for (;;) {
      // Others are not called before the next tick anyway.
      isLate ||= this._callbacks !== null && this._callbacks[0].isDue;

      const call = this._nextSettled();

      if (call === undefined) return;
      if (isLate) timers.nextTick(call);
      else call();
    }
  }

  /** Takes the next callbacks whose frames had the same fate. */
  _nextSettled() {
    if (this._callbacks === null) return undefined;

    const run = native.nextFates(this._id);

    if (run === 0) return undefined;

    const count = run >>> 2;
    const fate = run & 3;
    let due = this._callbacks;

    if (count >= due.length) this._callbacks = null;
    else due = due.splice(0, count);

    const call = settle(due);

    return () =>
      call(
        fate === 0 ? null : fate === LOST ? destroyedError() : takenAwayError()
      );
  }

  /** The native wire is broken, or a payload was taken away half written. */
  _fail() {
    if (this._failure !== null) return;

    const number = native.connectionState(this._id, WRITE_ERROR);
    const error = number > 0 ? failedWriteError(number) : takenAwayError();

    this._failure = error;

    timers.nextTick(() => {
      const callbacks = this._callbacks;

      this._callbacks = null;

      try {
        if (callbacks !== null) settle(callbacks)(error);
      } finally {
        this._socket.destroy(error);
        if (number <= 0 && this.onerror !== null) this.onerror(error);
      }
    });
  }
}

/**
 * Whether a write of the stream's is not all in the kernel. That it is not over
 * says nothing: over TLS it is never before the next turn of the event loop.
 */
function isKernelFull({ _handle: handle }) {
  return !!handle && (handle._parent ?? handle).writeQueueSize > 0;
}

/**
 * Corks a socket, so that a header and its payload are written together. The
 * native wire does without, so whoever put a `cork()` there that throws only
 * misses that: a header without its payload must not stay behind.
 *
 * @return {Boolean} Whether it is to be uncorked
 */
function corks(socket) {
  try {
    socket.cork();
    return true;
  } catch {
    return false;
  }
}

/**
 * Somebody closes the handle, past the socket or not. A socket must not be left
 * that would write to a handle which is no more.
 */
function onHandleClosing(socket, outbox, handle) {
  let err;

  if (socket[kLoop]) err = socket[kLoop].onHandleClosing();
  else outbox.beforeDestroy();

  if (socket._handle === handle && !socket.destroyed) socket.destroy(err);
}

/** Somebody has the handle read, or not read, past the socket. */
function onHandleReading(socket) {
  if (socket[kLoop]) socket[kLoop].onHandleReading();
}

module.exports = Outbox;

'use strict';

const { EMPTY_BUFFER } = require('../constants');
const FlushQueue = require('./flush-queue');
const { announce, hook, isPlain } = require('./hooks');
const native = require('../native');
const timers = require('../timers');
const { inContext, pendingCallback, settle } = require('./send-callbacks');

/** Joined frames are written at the latest when they are this many bytes. */
const FLUSH_AT = 16 * 1024;
/** Payloads of this many bytes are written from where they are, not joined. */
const DIRECT_AT = 16 * 1024;
/** Strings of this many units are encoded by Node first. */
const LONG_TEXT = 16 * 1024;

/** Counters of the native connection. */
const BYTES_WRITTEN = 3;
const BYTES_READ = 4;

const MASK_NONE = 0;
const MASK_RANDOM = 1;
const MASK_KEY = 2;

/**
 * The way out of a connection. Frames of one tick are joined and written at its
 * end in one call, to the socket's descriptor where it has one and nothing is
 * queued in the socket, else through the socket.
 *
 * While the event loop hands out what a socket of the loop transport received,
 * the native side sees to it: a little later, it writes what was sent to
 * whichever connection. Only frames with callbacks are written from here.
 */
class Output {
  /**
   * @param {Duplex} socket The socket to write to
   * @param {Number} id The native connection, which holds the joined frames
   */
  constructor(socket, id) {
    // First what every message needs.
    /** Who may be in the middle of a message, once there is one. */
    this.sender = null;
    /** Whether the socket is known to have nothing of its own to do. */
    this._isIdle = false;
    this._id = id;
    /** Whether the native side may have frames that are not written. */
    this._mayWait = false;
    this._callbacks = null;
    /** Whether the program wants to know when the socket is idle. */
    this.hasTimeout = false;
    /** Whether it is among those that wait. */
    this.isWaiting = false;
    this._socket = socket;
    this._fd = -1;
    /** How many callbacks the socket is to call. */
    this._owed = 0;
    this._hooked = false;
    this._finalBytesRead = -1;
    this._finalBytesWritten = -1;
    announce(socket, this);
  }

  /** Whether a message may go out now, past the sender. */
  get isFree() {
    return this.sender === null || this.sender.isIdle;
  }

  /**
   * Sends a frame.
   *
   * @param {String|Buffer} payload The payload
   * @param {Number} first FIN, RSV1 and the opcode: the frame's first byte
   * @param {Boolean} mask Whether to mask it, with a random key
   * @param {Function} [callback] Called when the bytes are written, or not
   */
  frame(payload, first, mask, callback) {
    if (typeof payload === 'string') {
      this.text(payload, first, mask, undefined, callback);
    } else {
      this.bytes(payload, first, mask, undefined, callback);
    }
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
      this.bytes(Buffer.from(text), first, mask, key, callback);
      return;
    }

    this._isDirect();
    const pending = callback ? this._addCallback(callback) : null;

    this._enqueued(
      native.queueText(
        this._id,
        text,
        text.length,
        first,
        mask ? (key === undefined ? MASK_RANDOM : MASK_KEY) : MASK_NONE,
        key
      )
    );
    if (pending !== null) timers.nextTick(inContext, pending);
  }

  /** Sends a frame of bytes; see `text()`. The bytes stay as they are. */
  bytes(bytes, first, mask, key, callback) {
    this._isDirect();

    if (bytes.length >= DIRECT_AT && !mask) {
      this._writeDirect(bytes, first, callback);
      return;
    }

    const pending = callback ? this._addCallback(callback) : null;

    this._enqueued(
      native.queueBytes(
        this._id,
        bytes,
        first,
        mask ? (key === undefined ? MASK_RANDOM : MASK_KEY) : MASK_NONE,
        key
      )
    );
    if (pending !== null) timers.nextTick(inContext, pending);
  }

  /** Sends frames that somebody else made. */
  raw(list, callback) {
    this._isDirect();

    let queued;

    for (const chunk of list) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;

      if (bytes.length >= DIRECT_AT) {
        this.flush();
        this._socket.write(bytes);
        queued = 0;
      } else {
        queued = native.queueRaw(this._id, bytes);
        this._mayWait = true;
      }
    }

    const pending = callback ? this._addCallback(callback) : null;

    if (queued === 0) this._settleBehindSocket();
    else this._enqueued(queued);
    if (pending !== null) timers.nextTick(inContext, pending);
  }

  /** Writes what waits. */
  flush() {
    if (!this._mayWait) return;

    const callbacks = this._callbacks;

    this._mayWait = false;
    this._callbacks = null;

    const left = native.flush(this._id, this._isDirect() ? this._fd : -1);

    if (left === 0) this._wrote(callbacks);
    else this._socket.write(this._take(left), this._owe(callbacks));
  }

  /** Takes so many bytes, which are all that waits, out of the native queue. */
  _take(length) {
    const bytes = Buffer.allocUnsafe(length);

    native.takeQueued(this._id, bytes);
    return bytes;
  }

  /** The socket is being destroyed: nothing goes past it any more. */
  close() {
    this._fd = -1;
    this._mayWait = false;
    this._setIdle(false);
    FlushQueue.enlist(this._id, undefined);
  }

  /** What waits is not to be written any more. */
  drop(err) {
    const callbacks = this._callbacks;

    this._mayWait = false;
    this._callbacks = null;
    if (callbacks === null) return;

    const reason =
      err ?? new Error('The socket was destroyed before the data was written');

    timers.nextTick(settle(callbacks), reason);
  }

  /** The native connection is about to be freed. */
  free() {
    this._finalBytesRead = this.bytesRead;
    this._finalBytesWritten = this.bytesWritten;
    this.close();
  }

  /** Bytes that were written past the socket. */
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

  _addCallback(callback) {
    const pending = pendingCallback(callback);

    if (this._callbacks === null) this._callbacks = [pending];
    else this._callbacks.push(pending);
    return pending;
  }

  /**
   * @param {Number} [queued] How many bytes wait now, 0 if all were written;
   *     `undefined` if the native side sees to them
   */
  _enqueued(queued) {
    this._mayWait = true;

    if (queued === undefined) {
      if (this._callbacks === null && !this.hasTimeout) return;
    } else if (queued === 0 || queued >= FLUSH_AT) {
      this.flush();
      return;
    }

    if (!this.isWaiting) FlushQueue.add(this);
  }

  /** Whether the kernel may be given bytes past the socket's own queue. */
  _isDirect() {
    if (this._isIdle) return true;
    if (!this._hooked) this.hook();
    // Callbacks of what the socket wrote are to be called before others.
    if (this._fd < 0 || this._owed > 0 || !isPlain(this._socket)) return false;

    const state = this._socket._writableState;

    this._setIdle(
      state.length === 0 &&
        !state.corked &&
        !state.ending &&
        !state.destroyed &&
        !state.errored
    );

    return this._isIdle;
  }

  _setIdle(isIdle) {
    if (this._isIdle === isIdle) return;

    this._isIdle = isIdle;
    native.setDirect(this._id, isIdle ? this._fd : -1);
  }

  /** Somebody does something with the socket itself: what waits goes first. */
  beforeSocket() {
    this.flush();
    this._setIdle(false);
  }

  /** Writes what waits and a large frame without joining them. */
  _writeDirect(bytes, first, callback) {
    const socket = this._socket;
    const callbacks = this._callbacks;
    const direct = this._isDirect();

    this._mayWait = false;
    this._callbacks = null;

    const left = native.flushWith(
      this._id,
      direct ? this._fd : -1,
      bytes,
      first
    );

    if (left === 0) {
      this._wrote(callbacks);
      if (callback) timers.nextTick(callback);
      return;
    }

    if (left > bytes.length) {
      socket.cork();
      socket.write(this._take(left - bytes.length), this._owe(callbacks));
      socket.write(bytes, this._owe(callback));
      timers.nextTick(uncork, socket);
    } else {
      if (callbacks !== null) settle(callbacks)();
      socket.write(bytes.subarray(bytes.length - left), this._owe(callback));
    }
  }

  /**
   * @param {(Function|Array|null)} [callbacks] One, or pending ones
   * @return {Function|undefined} What the socket is to call for them
   */
  _owe(callbacks) {
    if (!callbacks) return undefined;

    const call =
      typeof callbacks === 'function' ? callbacks : settle(callbacks);

    this._owed++;

    return (err) => {
      this._owed--;
      call(err);
    };
  }

  _wrote(callbacks) {
    if (this.hasTimeout) this._socket._unrefTimer();
    if (callbacks !== null) settle(callbacks)();
  }

  /** Calls back behind what the socket has queued. */
  _settleBehindSocket() {
    const callbacks = this._callbacks;

    this._callbacks = null;
    if (callbacks === null) return;
    if (this._socket.writableLength === 0) settle(callbacks)();
    else this._socket.write(EMPTY_BUFFER, this._owe(callbacks));
  }

  /**
   * Whoever writes to the socket itself, ends it or destroys it does so behind
   * the frames that wait.
   */
  hook() {
    this._hooked = true;
    this.hasTimeout = this._socket.timeout > 0;
    hook(this._socket, this);
    this._fd = descriptorOf(this._socket);
    FlushQueue.enlist(this._id, this);
  }

  /**
   * Writes what waits past the socket, which is writing, ending or being
   * destroyed itself.
   *
   * @return {Buffer|null} What the kernel did not take, if anything
   */
  takeRest() {
    if (!this._mayWait) return null;

    const callbacks = this._callbacks;

    this._mayWait = false;
    this._callbacks = null;
    if (callbacks !== null) settle(callbacks)();

    const left = native.flush(this._id, this._fd);

    return left === 0 ? null : this._take(left);
  }
}

function uncork(socket) {
  socket.uncork();
}

/**
 * The descriptor that frames may be written to: that of a plain TCP or Unix
 * socket. What a subclass, such as a TLS socket, sends is not what it is given.
 */
function descriptorOf(socket) {
  if (!isPlain(socket)) return -1;

  const handle = socket._handle;

  return handle && handle.fd >= 0 ? handle.fd : -1;
}

module.exports = Output;

'use strict';

const { Buffer } = require('buffer');

const { os } = require('../builtins');
const native = require('../native');
const { BYTES_READ } = require('../native/numbers').counter;
const Incoming = require('./incoming');
const { destroyedError, isGone, systemError, tlsError } = require('./errors');
const { connections, writers } = require('./loop');
const slotOf = require('./slot');
const timers = require('../timers');

const { ECANCELED, EINVAL, ENOTCONN } = os.constants.errno;
const NO_BYTES = Buffer.alloc(0);

/**
 * In the place of Node's handle: that of a socket that speaks TLS natively. Node's
 * own handle for the socket, which has the descriptor, is behind it, and nobody
 * reads that.
 */
class TlsHandle extends Incoming {
  /**
   * @param {Object|Function} tcp Node's own, or its class; see `Incoming`
   * @param {Number} id The native half, which has the session
   */
  constructor(tcp, id) {
    super(tcp, id);
    /** The stream that reads it, once there is one. */
    this.socket = null;
    /** Whether the stream wants what comes; Node's code sets it, too. */
    this.reading = false;
    /** Whether a connection uses the native half, and frees it. */
    this.isConnected = false;
    this.writeQueueSize = 0;
    /** What streams have written. */
    this.bytesWritten = 0;
    this._isReferenced = true;
    /** Called when what was written last is in the kernel. */
    this._onWritten = null;
    /** Why it never will be, as long as the stream is not told; see `_failWrite()`. */
    this._writeError = null;
    /** See `facts()`. */
    this._facts = undefined;
    this._isClosed = false;
    /** What was read before there was a connection. */
    this._bytesReadBefore = 0;
    /** The peer's address, if it is to be known when the peer has gone. */
    this._peername = undefined;
  }

  /** Nobody is to read or write the descriptor itself. */
  get fd() {
    return -1;
  }

  /** The bytes that a stream has read; a connection counts its own. */
  get bytesRead() {
    return this.isConnected || this._isClosed
      ? this._bytesReadBefore
      : native.connectionState(this.id, BYTES_READ);
  }

  getAsyncId() {
    return this.handle.getAsyncId();
  }

  getpeername(out) {
    return tell(out, this._peername ?? this.addressOf('getpeername'));
  }

  /** Notes the peer's address, which nobody says once it has gone. */
  notePeer() {
    const name = {};

    if (this.getpeername(name) === 0) this._peername = name;
  }

  getsockname(out) {
    return tell(out, this.addressOf('getsockname'));
  }

  setNoDelay(noDelay) {
    return this.handle.setNoDelay(noDelay);
  }

  setKeepAlive(enable, delay) {
    return this.handle.setKeepAlive(enable, delay);
  }

  hasRef() {
    return this._isReferenced;
  }

  ref() {
    this._setReferenced(true);
  }

  unref() {
    this._setReferenced(false);
  }

  _setReferenced(isReferenced) {
    this._isReferenced = isReferenced;
    if (!this._isClosed) native.loopReference(this.id, isReferenced);
  }

  /** The stream wants what comes, from now on. */
  readStart() {
    if (this._isClosed) return -EINVAL;

    connections[slotOf(this.id)] = this;
    native.tlsRead(this.id, true);
    return 0;
  }

  readStop() {
    if (!this._isClosed) native.tlsRead(this.id, false);
    if (this._writeError !== null) this._failUnlessReading();
    return 0;
  }

  /**
   * Writes bytes of a stream, one chunk after the other.
   *
   * @param {Buffer} bytes The bytes
   * @param {Function} callback Called when the kernel has them
   */
  write(bytes, callback) {
    this.bytesWritten += bytes.length;

    const written = this._isClosed
      ? -ECANCELED
      : native.tlsWrite(this.id, bytes);

    if (written === 1) {
      callback();
    } else if (written === 0) {
      writers.set(slotOf(this.id), this);
      this._onWritten = callback;
      this.writeQueueSize = bytes.length;
    } else {
      this._failWrite(-written, callback);
    }
  }

  /**
   * A stream that is told of a write which the peer's reset makes fail gives out no
   * more of what came before that. So it is told when it has met the end, as by Node's
   * TLS, if it still reads.
   */
  _failWrite(errno, callback) {
    const error = systemError(errno, 'write');

    if (!isGone(errno) || !this._isToMeetEnd) {
      callback(error);
      return;
    }

    this._onWritten = callback;
    this._writeError = error;
    this._failUnlessReading();
  }

  /** Whether the end is yet to come, and comes here. */
  get _isToMeetEnd() {
    return (
      connections[slotOf(this.id)] === this &&
      this.socket !== null &&
      !this.socket._readableState.ended
    );
  }

  /** It may be about to begin. */
  _failUnlessReading() {
    timers.setImmediate(() => {
      if (!this.reading) this._tellWriteError();
    });
  }

  _tellWriteError() {
    const error = this._writeError;

    if (error !== null) this._taken()?.(error);
  }

  /**
   * Has a connection's native half read and write from now on, in the place of
   * a stream.
   *
   * @param {Number} id That native half
   * @param {Boolean} single Whether it hands out one event a macrotask
   * @param {Number} threads How many I/O threads share it and others, or 0
   * @return {Boolean} `false`: it cannot
   */
  moveTo(id, single, threads) {
    if (
      this._isClosed ||
      this._writeError !== null ||
      native.tlsMove(this.id, id, single, threads) !== 1
    ) {
      return false;
    }

    this._bytesReadBefore = this.bytesRead;
    connections[slotOf(this.id)] = undefined;
    if (!this.isConnected) native.connectionFree(this.id, 0);
    this.id = id;
    this.isConnected = true;
    return true;
  }

  /**
   * Says that nothing more comes. A socket that is closed for that is so behind the
   * immediates of now, as over Node's TLS: messages may wait for one.
   *
   * @param {Object} request Node's
   * @return {Number} What Node takes for "it will be told"
   */
  shutdown(request) {
    if (!this._isClosed) native.loopShutDown(this.id);
    timers.setImmediate(() => request.oncomplete(0));
    return 0;
  }

  /**
   * What the handshake has agreed on; the last word on it once it is closed.
   *
   * @return {Array|undefined} See `tlsFacts()` of the addon
   */
  facts() {
    if (this._facts === undefined && !this._isClosed) {
      this._facts = native.tlsFacts(this.id);
    }

    return this._facts;
  }

  get isClosed() {
    return this._isClosed;
  }

  close(callback) {
    if (!this._isClosed) {
      this.facts();
      this._bytesReadBefore = this.bytesRead;
      this._isClosed = true;

      const error = this._writeError ?? destroyedError();

      // Never within the call that closes it.
      callSoon(this._taken(), error);
      if (connections[slotOf(this.id)] === this) {
        connections[slotOf(this.id)] = undefined;
      }
      // Before Node closes the descriptor.
      native.tlsClose(this.id);
      if (!this.isConnected) native.connectionFree(this.id, 0);
    }

    this.closeHandle(callback);
  }

  /** Takes the callback of a write under way, if there is one. */
  _taken() {
    const callback = this._onWritten;

    if (callback === null) return undefined;

    this._onWritten = null;
    this._writeError = null;
    this.writeQueueSize = 0;
    writers.delete(slotOf(this.id));
    return callback;
  }

  // What the event loop calls, while a stream reads.

  connect() {
    return this;
  }

  get loop() {
    return this;
  }

  feed(chunk) {
    const { socket } = this;

    if (socket === null || socket.destroyed) return;

    socket._unrefTimer();
    if (socket.push(chunk)) return;

    this.reading = false;
    this.readStop();
  }

  onWritable() {
    const callback = this._taken();

    if (callback === undefined) return;

    const written = native.tlsWrite(this.id, NO_BYTES);

    if (written < 0) this._failWrite(-written, callback);
    else callback();
  }

  onEnd() {
    const { socket } = this;

    if (socket === null || socket.destroyed) return;

    if (this._writeError !== null) {
      if (socket.readableLength === 0) {
        this._tellWriteError();
        return;
      }

      socket.once('end', () => this._tellWriteError());
    }
    socket.push(null);
    socket.read(0);
  }

  onError(errno) {
    this.fail(tlsError(native.tlsError(this.id)) ?? systemError(errno, 'read'));
  }

  fail(err) {
    if (this.socket !== null) this.socket.destroy(err);
  }
}

/** @return {Number} What Node's handles return */
function tell(out, address) {
  if (address === null) return -ENOTCONN;

  Object.assign(out, address);
  return 0;
}

function callSoon(callback, err) {
  if (callback !== undefined) timers.nextTick(callback, err);
}

module.exports = TlsHandle;

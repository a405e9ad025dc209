'use strict';

const native = require('../native');
const numbers = require('../native/numbers');
const timers = require('../timers');
const { atEnd } = require('./ends');
const { isGone } = require('./errors');
const FrameFates = require('./frame-fates');
const heartbeatNews = require('./heartbeat-news');
const { isLight, materialize } = require('./materialize');
const { isAvailable } = require('./promotion');
const StreamWriter = require('./stream-writer');
const {
  hook,
  kLoop,
  kOwnTls,
  TakenSocket,
  watchHandle
} = require('./taken-socket');
const Tick = require('./tick');

const { ALL_LOST, BLOCKED_LENGTH, PEAK, WAITING, WRITE_ERROR } =
  numbers.counter;

/**
 * The frames of a connection that wait in native memory, and who writes them. At
 * any time one party does: the native wire, if the connection is on it and the
 * socket's stream has nothing to do, or else that stream.
 */
class FrameQueue extends FrameFates {
  /**
   * @param {Duplex} socket The socket to write to
   * @param {Number} id The native connection, which holds the frames
   */
  constructor(socket, id) {
    super(socket, id);
    // First what every message needs.
    /** The sender, once there is one: it may be in the middle of a message. */
    this.sender = null;
    /** Whether messages may go out as they are given. */
    this.isPlain = false;
    /** The `write()` that sees to the order, once it is there. */
    this._write = null;
    /** Whether it is among those that wait for the end of the tick. */
    this.isWaiting = false;
    /** The tick in which a light socket was opened. */
    this._openedIn = -1;
    // A listener for 'exit' may send the first frame of all; to watch the exit
    // would then be too late.
    Tick.watchExit();
  }

  /** The connection is on the native wire from now on. */
  promote() {
    this.hook();
    this._isPromoted = true;
    this._takeFromStream();
  }

  /**
   * As `promote()`, for a light socket, on which everything is as it should be:
   * its stream does not exist.
   *
   * @param {Number} openedIn The number of the tick in which it was opened
   */
  openNative(openedIn) {
    this._openedIn = openedIn;
    // Nor is it one that a program has put there, or on a prototype before
    // ours.
    this._write = this._socket[kOwnTls] ?? TakenSocket.prototype.write;
    this._isPromoted = true;
    this.isNative = true;
    Tick.enlist(this._id, this);
  }

  /**
   * Has the stream write from now on, and gives it what waits: it is about to
   * do something of its own.
   */
  yieldToStream() {
    if (this._streamWriter !== null && this._streamWriter.isGiving) return;

    const wasNative = this.isNative;

    if (wasNative) this._leaveNative();
    this._stream.give(this._write ?? this._socket.write, wasNative);
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

    this._leaveNative();
    return this._stream.takeRest();
  }

  /** Frames were written, in the midst of a tick. */
  afterFlush() {
    // A program that looks at the new socket finds in its queue what the kernel
    // did not take, as with ws.
    if (
      this._openedIn === Tick.count &&
      this.isNative &&
      this.blockedLength > 0
    ) {
      materialize(this._socket);
      this.yieldToStream();
    }
  }

  /** The light socket is one of Node's now. */
  onMaterialized() {
    watchHandle(this._socket, this);
  }

  /** Somebody closes the socket's handle. */
  onHandleClosing(handle) {
    const socket = this._socket;
    let err;

    if (socket[kLoop]) err = socket[kLoop].onHandleClosing();
    else this.writeNow();

    if (socket._handle === handle && !socket.destroyed) socket.destroy(err);
  }

  /** Somebody starts or stops its reading. */
  onHandleReading() {
    if (this._socket[kLoop]) this._socket[kLoop].onHandleReading();
  }

  /** The native wire is about to go. */
  demote() {
    this._isPromoted = false;
    if (this.isNative) this.yieldToStream();
  }

  /** Something is to come behind what this tick sent, such as the socket's end. */
  writeNow() {
    if (this.isNative) this.flush();
    // Behind the end of a light socket there is mostly nothing to give.
    else if (this.isWaiting || this._streamWriter !== null) this._giveSafely();
    else if (!isLight(this._socket)) this._giveSafely();
  }

  /**
   * Somebody is to be called back in the next tick for what cannot be sent: what
   * was sent before, with ws, is written by now and called back for first.
   */
  beforeCallback() {
    if (this._callbacks !== null && !this._callbacks.isEmpty) {
      this.writeNow();
    }
  }

  /**
   * Calls back for what is left out, behind those of the frames that were sent before.
   *
   * @param {Function} callback Keeps its own async context
   */
  callBehind(callback) {
    this.beforeCallback();
    if (this._streamWriter === null) timers.nextTick(callback);
    else this._streamWriter.callBehind(callback);
  }

  /** Has the native wire write what waits, as far as the kernel takes it. */
  flush() {
    native.settleOutbox(this._id);
    this._settleSoon();
  }

  /**
   * Tells the peer that nothing more comes. Of what is sent all the same, the
   * stream is to say what is wrong.
   *
   * @param {Function} callback Called when it was told
   */
  shutDown(callback) {
    const tell = () => {
      native.loopShutDown(this._id);
      callback();
    };

    this._leaveNative();
    if (!atEnd(tell)) tell();
  }

  /**
   * The stream has written all, and is to tell the peer that nothing more comes.
   *
   * @param {Function} callback Called when it was told
   * @return {Boolean} `false`: that is Node's to do
   */
  endStream(callback) {
    const socket = this._socket;
    const { _handle: handle } = socket;

    if (!isAvailable || socket.connecting || socket[kOwnTls]) return false;
    if (!(handle?.fd >= 0)) return false;

    return atEnd(() => {
      if (socket._handle === handle && handle.fd >= 0) {
        native.descriptorEnd(handle.fd);
      }
      callback();
    });
  }

  /**
   * Bytes that wait here, and would wait in the stream if that had them: behind others
   * that it has not written, or over TLS, where nothing is written at once.
   */
  get unwrittenLength() {
    return this.isWaiting &&
      (streamLength(this._socket) > 0 ||
        (!this.isNative && this._stream.passesTicks))
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
      this.fail();
      return;
    }

    if (native.connectionState(this._id, BLOCKED_LENGTH) === 0) {
      const peak = native.connectionState(this._id, PEAK);

      if (peak > 0 && this.onempty !== null) {
        timers.nextTick(this.onempty, peak);
      }

      // Nobody listens to a light socket.
      if (
        peak > 0 &&
        !isLight(this._socket) &&
        peak >= this._socket.writableHighWaterMark
      ) {
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
      this._write = hook(this._socket);
      Tick.enlist(this._id, this);
      watchHandle(this._socket, this);
    }

    return this._socket.write === this._write;
  }

  /** What gives frames to the stream, made when it is first needed. */
  get _stream() {
    this._streamWriter ??= new StreamWriter(this, this._id, this._socket);
    return this._streamWriter;
  }

  /** Somebody has put a `write()` there: what was sent before passes it by. */
  _makeWayForWrite() {
    if (this.isNative) native.flushOutbox(this._id);
    this.yieldToStream();
  }

  /**
   * Whether a broken socket is read to its end, which destroys it. With ws the answer to a
   * handshake is written before the `'connection'` listener runs. That of a light one waits
   * for it, and must not take with it what has come meanwhile.
   *
   * @param {Number} number The system error number
   */
  _isReadOn(number) {
    return (
      this._openedIn !== -1 &&
      isGone(number) &&
      Boolean(this._socket[kLoop]) &&
      native.connectionState(this._id, ALL_LOST) === 1 &&
      !this._socket.isPaused()
    );
  }

  /** The native wire writes no more. */
  _leaveNative() {
    this.isNative = false;
    if (native.setWriter(this._id, false) === 1) heartbeatNews.onReclaimed();
    this._settleSoon();
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
      (this._streamWriter === null || this._streamWriter.owed === 0) &&
      !this.isWaiting &&
      this._failed === null &&
      this._socket.write === this._write
    ) {
      this.isNative = true;
      native.setWriter(this._id, true);
    }
  }

  /** Gives the stream what waits, where nobody catches what `write()` throws. */
  _giveSafely() {
    try {
      this._stream.give(this._write ?? this._socket.write);
    } catch (err) {
      this._socket.destroy(err);
    }
  }
}

// Rarely set, as in frame-fates.js.
/** Whether an I/O thread may compress messages. */
FrameQueue.prototype.packs = false;
/** Of a peer that reads too slowly, if there is a limit. */
FrameQueue.prototype.backPressure = null;
/** What gives frames to the stream, once it had to. */
FrameQueue.prototype._streamWriter = null;
/** Called when nothing waits any more, with the most that did if known. */
FrameQueue.prototype.onempty = null;
/** What subscribes to topics for it, if anything does. */
FrameQueue.prototype.member = null;

/** Bytes that the stream itself has to write. */
function streamLength(socket) {
  return isLight(socket) ? 0 : socket._writableState.length;
}

FrameQueue.streamLength = streamLength;

module.exports = FrameQueue;

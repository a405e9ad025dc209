'use strict';

const { Buffer } = require('buffer');
const { Writable } = require('stream');

const { writeBehind } = require('./behind-frames');
const { NOOP } = require('../constants');
const lend = require('./lent-chunks');
const native = require('../native');
const numbers = require('../native/numbers');
const timers = require('../timers');
const { inContext, PendingCallback, settle } = require('./send-callbacks');
const { kOwnTls } = require('./taken-socket');
const Tick = require('./tick');
const { GIVES_ECANCELED, destroyedError } = require('./errors');

const { write: nodesWrite } = Writable.prototype;
const { UNDER_WAY, UNDER_WAY_LENGTH, WAITING } = numbers.counter;

/** Gives frames that wait in native memory to the socket's stream. */
class StreamWriter {
  /**
   * @param {FrameQueue} queue Whose frames they are: it has their callbacks
   *     (`takeCallbacks()`), and is called when they cannot be had (`fail()`)
   * @param {Number} id The native connection, which holds the frames
   * @param {Duplex} socket The stream
   */
  constructor(queue, id, socket) {
    this._queue = queue;
    this._id = undefined;
    this._id = id;
    this._socket = socket;
    /** Whether frames and a program's own writes are being given to the stream. */
    this.isGiving = false;
    /**
     * Whether the stream may call back before the ticks of sends, also for frames that
     * waited in it: over TLS, Node does all that one turn of the event loop writes, and
     * calls back for it, before the ticks of it.
     */
    this.passesTicks = socket.encrypted === true && !socket[kOwnTls];
    /** How many callbacks the stream is to call. */
    this.owed = 0;
    /** The last callback that was left to its tick. */
    this._left = null;
    /** What is to be called behind callbacks of the stream, if anything is. */
    this._behind = null;
  }

  /**
   * Whether the stream writes what it is given now, and nothing else with it, and is one
   * of Node's, which calls back in the async context of the write, and not within it.
   */
  get isFree() {
    return !this.isGiving && !isBusy(this._socket) && !!this._socket._handle;
  }

  /**
   * Has a callback called as soon as the stream calls, as with ws, if nobody is to be
   * called before.
   *
   * Not with an error: a stream that fails calls all that wait for it in one go, and
   * those behind one that throws would hear nothing. But what a stream refuses behind its
   * end is called back for alone, before it emits that error if it is the first.
   *
   * @param {PendingCallback} pending The callback
   * @param {Error} [err] What it is called with
   * @return {Boolean} Whether to call it now; else its tick does
   */
  passTick(pending, err) {
    const isNext = this._left === null || this._left.isDue;

    if (
      err?.code === 'ERR_STREAM_WRITE_AFTER_END' &&
      isNext &&
      pending.isOneWrite
    ) {
      return true;
    }

    if (!err && isNext && pending.isOwn && !this.isGiving) {
      // What it sends is not to wait for others of the tick: they are written.
      Tick.pass();
      return true;
    }

    this._left = pending;
    return false;
  }

  /**
   * Has somebody called behind all that the stream owes by now, and before those whose
   * frames are given to it later.
   *
   * @param {Function} callback Keeps its own async context
   */
  callBehind(callback) {
    const pending = new PendingCallback(callback);

    if (this.owed === 0) {
      pending.written(null);
    } else {
      this._behind ??= [];
      this._behind.push({ left: this.owed, pending });
    }

    this._left = pending;
    timers.nextTick(inContext, pending);
  }

  _callThoseBehind() {
    const behind = this._behind.filter((one) => --one.left > 0);
    const due = this._behind.filter(({ left }) => left === 0);

    this._behind = behind.length > 0 ? behind : null;

    // Else in its tick, which those of later frames are behind.
    for (const { pending } of due) {
      pending.written(null);
      if (pending.isDue) pending.call();
    }
  }

  /**
   * Gives the stream what waits.
   *
   * @param {Function} write The stream's `write()`
   * @param {Boolean} [wasNative=false] Whether the native wire has written until
   *     now: a write that is under way there stays one
   */
  give(write, wasNative = false) {
    if (this.isGiving) {
      // Somebody sends within the stream's write(): behind what that has.
      Tick.add(this._queue);
      return;
    }

    this.isGiving = true;

    try {
      this._giveNow(write, wasNative);
    } finally {
      this.isGiving = false;
    }
  }

  /**
   * Gives the stream what waits, and then a payload, as it is. Not while it is
   * giving.
   *
   * @param {Uint8Array} bytes The payload
   * @param {PendingCallback|null} pending Its callback
   */
  givePayload(bytes, pending) {
    const socket = this._socket;
    const chunk = isBusy(socket)
      ? lend(socket, bytes, (err) => this._queue.owner?.onLost(err))
      : bytes;

    this.isGiving = true;
    // One chunk alone is written as it is: corked, a stream would emit 'drain'.
    const isCorked = this._ask(WAITING) > 0 && corks(socket);

    try {
      this._giveNow(socket.write, false);
      const then = this._owe(pending && [pending]);

      socket.write(chunk, then);
      if (isCorked) socket.uncork();
      then?.isGiven();
    } catch (err) {
      if (isCorked) socket.uncork();
      throw err;
    } finally {
      this.isGiving = false;
    }
  }

  /**
   * Takes what waits, for a stream that is in the middle of a write.
   *
   * @return {{bytes: Buffer, callback: Function}|null} What waits, and what is
   *     to be called when it is written
   */
  takeRest() {
    const bytes = this._takeBytes();

    if (bytes === null) return null;
    return { bytes, callback: this._owe(this._queue.takeCallbacks()) ?? NOOP };
  }

  _giveNow(write, wasNative) {
    const length = wasNative ? this._ask(UNDER_WAY_LENGTH) : 0;
    const count = length > 0 ? this._ask(UNDER_WAY) : 0;
    const bytes = this._takeBytes();

    if (bytes === null) return;

    const callbacks = this._queue.takeCallbacks();

    if (length === 0 || length >= bytes.length) {
      this._write(write, bytes, this._owe(callbacks));
      return;
    }

    // Those behind it have another fate if the stream is destroyed.
    const underWay = this._owe(callbacks?.splice(0, count));
    const behind = this._owe(callbacks);

    try {
      this._write(write, bytes.subarray(0, length), underWay);
    } catch (err) {
      if (behind !== undefined) timers.nextTick(behind, err);
      throw err;
    }

    this._write(write, bytes.subarray(length), behind);
  }

  _write(write, bytes, then) {
    try {
      write.call(this._socket, bytes, then);
      then?.isGiven();
    } catch (err) {
      if (then !== undefined) timers.nextTick(then, err);
      throw err;
    }
  }

  _ask(counter) {
    return native.connectionState(this._id, counter);
  }

  /**
   * @return {Buffer|null} What waits, or `null` if nothing does or a payload was
   *     taken away
   */
  _takeBytes() {
    const length = this._ask(WAITING);

    if (length === 0) return null;

    const bytes = Buffer.allocUnsafe(length);

    if (native.takeQueued(this._id, bytes) === 1) return bytes;

    this._queue.fail();
    return null;
  }

  /**
   * Tells callbacks that their frames are written.
   *
   * @param {Array} callbacks Pending ones
   * @return {Array} Those of them that the stream is to call, as their ticks are over,
   *     or as it does so in the tick that it has queued within their send
   */
  _leaveToTicks(callbacks) {
    return callbacks.filter((pending) => {
      if (pending.isDue || pending.isOwn) return true;

      pending.written(null);
      this._left = pending;
      return false;
    });
  }

  /**
   * @param {(Array|null)} [callbacks] Pending ones
   * @return {Function|undefined} What the stream is to call for them
   */
  _owe(callbacks) {
    const { onempty } = this._queue;

    if (!callbacks && onempty === null) return undefined;

    const socket = this._socket;
    let due = callbacks ?? [];
    let isOwed = true;
    let isUnderWay = false;

    this.owed++;

    const then = (err) => {
      if (!isOwed) return;

      isOwed = false;
      this.owed--;

      try {
        settle(
          due,
          this
        )(!err && isUnderWay && socket.destroyed ? destroyedError() : err);
      } finally {
        if (this._behind !== null) this._callThoseBehind();
        if (onempty !== null) onempty();
      }
    };

    /**
     * The stream has the bytes: notes whether the kernel keeps them waiting. If they
     * are written, those are called back in the ticks of their sends, as with ws. The
     * stream calls in a tick of its own, which may be behind what the program has
     * queued since.
     */
    then.isGiven = () => {
      isUnderWay = !GIVES_ECANCELED && isOwed && isKernelFull(socket);
      if (isOwed && hasWritten(socket)) due = this._leaveToTicks(due);
    };

    return then;
  }
}

/** Whether what is written now waits in the stream. */
function isBusy({ _writableState: state }) {
  return state?.length > 0 || state?.corked > 0;
}

/**
 * Whether a write of the stream's is not all in the kernel. That it is not over
 * says nothing: over TLS it is never before the next turn of the event loop.
 */
function isKernelFull({ _handle: handle }) {
  return !!handle && (handle._parent ?? handle).writeQueueSize > 0;
}

/**
 * Whether a stream has written all that it was given, which it counts before it calls
 * back. What a `write()` of somebody else's keeps is not counted.
 */
function hasWritten(socket) {
  const { _writableState: state } = socket;

  return (
    state?.length === 0 &&
    !state.errored &&
    !state.destroyed &&
    writeBehind(socket.write) === nodesWrite
  );
}

/**
 * Corks a socket, so that a header and its payload are written together. A
 * `cork()` of the program's that throws costs no more than that: a header must
 * not stay behind without its payload.
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

module.exports = StreamWriter;

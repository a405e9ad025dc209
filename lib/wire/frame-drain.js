'use strict';

const timers = require('../timers');
const FrameQueue = require('./frame-queue');
const { isLight } = require('./materialize');
const Tick = require('./tick');

/**
 * Has the socket emit `'drain'` behind long messages, as it does where its stream
 * writes them, whoever does.
 */
class FrameDrain extends FrameQueue {
  /**
   * A header and a payload are given to the stream apart: it emits `'drain'`
   * behind those if they are long, whether the kernel takes them at once or not.
   *
   * @param {Number} length The payload's length
   * @param {Boolean} mask Whether it is masked
   */
  drainSoon(length, mask) {
    this._drainBehind(headerLength(length, mask) + length);
  }

  /** A stream counts the bytes of what is masked, but the units of a string. */
  _drainBehindText(text, length, mask) {
    const counted = mask ? length : text.length;

    this._drainBehind(headerLength(length, mask) + counted);
  }

  _drainBehind(length) {
    if (!this.isNative && this._isPromoted) this._takeFromStream();

    const socket = this._socket;

    if (length < socket.writableHighWaterMark) return;

    if (!this.isNative) {
      // The stream may get it as one chunk. With this set it emits the event
      // itself.
      if (socket._writableState) socket._writableState.needDrain = true;
    } else if (!this.willDrain) {
      // A tick of its own costs a long message a few percent, so there is one
      // only if somebody listens, or begins to before this tick is over. Nobody
      // listens to a light socket.
      if (isLight(socket) || socket.listenerCount('drain') === 0) {
        this._longIn = Tick.now;
      } else {
        this._drainNextTick();
      }
    }
  }

  /** Whether a stream would have to be drained, for a long message of this tick. */
  get needsDrain() {
    return this.willDrain || (this.isNative && this._longIn === Tick.now);
  }

  /** Somebody begins to listen for `'drain'` of the socket. */
  onDrainListener() {
    if (!this.willDrain && this.needsDrain) this._drainNextTick();
  }

  _drainNextTick() {
    this.willDrain = true;
    timers.nextTick(drain, this);
  }
}

// Rarely set, as in frame-fates.js.
/** Whether the stream would say that it needs to be drained, until the next tick. */
FrameDrain.prototype.willDrain = false;
/** The tick in which it would have said so, had anybody listened. */
FrameDrain.prototype._longIn = -1;

function headerLength(length, mask) {
  return (length < 126 ? 2 : length < 65_536 ? 4 : 10) + (mask ? 4 : 0);
}

function drain(outbox) {
  const socket = outbox._socket;

  outbox.willDrain = false;
  outbox._longIn = -1;
  if (socket.writableEnded || socket.destroyed) return;

  if (outbox.isNative) {
    if (outbox.blockedLength === 0) socket.emit('drain');
  } else if (socket.writableLength === 0) {
    socket.emit('drain');
  } else {
    // The stream has taken over, and is to say so itself.
    socket._writableState.needDrain = true;
  }
}

module.exports = FrameDrain;

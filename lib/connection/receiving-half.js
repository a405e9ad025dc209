'use strict';

const { Buffer } = require('buffer');
const { getDefaultHighWaterMark } = require('stream');

const { kWebSocket } = require('../constants');
const heartbeat = require('./heartbeat');
const promotion = require('../wire/promotion');
const Receiver = require('./receiver');
const timers = require('../timers');

/**
 * The socket is paused when this many bytes wait because a message is being
 * inflated: as many as a `Writable` would take.
 */
const HIGH_WATER_MARK = getDefaultHighWaterMark(false);

/**
 * What comes in: chunks go from the socket straight to the decoder, and wait while
 * that is busy. Only if somebody asks for `websocket._receiver` a `Writable` is put
 * between, and takes over what the decoder is at.
 *
 * A subclass has the decoder, whose sink it is, and hears of its errors.
 */
class ReceivingHalf {
  /**
   * @param {WebSocket} websocket The `WebSocket` to be opened
   * @param {Duplex} socket The socket, after the opening handshake
   */
  constructor(websocket, socket) {
    this.websocket = websocket;
    this.socket = socket;
    this._ended = false;
    /** The loop transport, while the connection is on it. */
    this.loop = null;
  }

  /** Gives up the chunks that wait: they are of no use any more. */
  _drop() {
    this._queue = null;
    this.decoder.failed = true;
    if (this.receiver !== null) this.receiver.destroy();
  }

  /** Whether a chunk has to wait until another was worked off. */
  get isBusy() {
    return this.receiver !== null || this.decoder.busy;
  }

  /** The receiver, made when it is first asked for. */
  materializeReceiver() {
    if (this.receiver !== null) return this.receiver;

    const { decoder } = this;

    if (this.loop !== null) this.loop.demote('the program uses its _receiver');
    if (this.loop !== null) this.loop.setBusy(true, true);

    const chunks = decoder.busy ? [decoder.chunk] : [];

    if (this._queue !== null) chunks.push(...this._queue);

    // A receiver has an object of extensions, be it an empty one.
    decoder.extensions = this.websocket._extensions;

    const receiver = new Receiver(decoder);

    receiver[kWebSocket] = this.websocket;
    this.receiver = receiver;
    this._queue = null;

    receiver.on('conclude', (code, reason) => this.onConclude(code, reason));
    receiver.on('drain', () => this._drained());
    receiver.on('error', (err) => this.onReceiverError(err));
    receiver.on('message', (data, isBinary) => this.onMessage(data, isBinary));
    receiver.on('ping', (data) => this.onPing(data));
    receiver.on('pong', (data) => this.onPong(data));

    for (const chunk of chunks) receiver.write(chunk);
    if (this._ended) receiver.end();

    // What is left may be too little for the receiver to say when it drains.
    if (this._needDrain) {
      this._needDrain = false;
      if (!this.needDrain) timers.nextTick(() => this._drained());
    }

    if (this._onFinished !== null) {
      const callback = this._onFinished;

      this._onFinished = null;
      this.whenFinished(callback);
    }

    return receiver;
  }

  /** Whether nothing more is to be received. */
  get isOver() {
    return (
      this._ended ||
      this.receiver !== null ||
      this.decoder.concluded ||
      this.decoder.failed ||
      this.decoder.busy
    );
  }

  /** Whether the receiving half has failed. */
  get failed() {
    return this.decoder.failed;
  }

  /** Whether the socket is paused until what came is worked off. */
  get needDrain() {
    return this.receiver === null
      ? this._needDrain
      : this.receiver._writableState.needDrain;
  }

  onChunkDone(err) {
    if (err) {
      this._queue = null;
      // What is still to come is read, up to its end, and dropped.
      if (this._isLoopBusy && this.loop !== null) this.loop.setBusy(true, true);
      timers.nextTick(() => {
        this._isReported = true;
        // A mask of the program's, for the close frame, may throw.
        try {
          this.onReceiverError(err);
        } finally {
          this._finished();
        }
      });
      return;
    }

    if (this._queue !== null) {
      this._feedQueue();
      return;
    }

    if (this.promoteLater) promotion.retry(this);

    // Behind an error nothing is to be decoded any more.
    if (this._isLoopBusy && !this.decoder.failed) {
      this._isLoopBusy = false;
      if (this.loop !== null) this.loop.setBusy(false);
    }

    if (this._needDrain) {
      this._needDrain = false;
      timers.nextTick(() => this._drained());
    }

    if (this._onFinished !== null) timers.nextTick(() => this._finished());
  }

  /** Feeds what waits; in a loop, as there may be thousands of chunks. */
  _feedQueue() {
    if (this._isFeeding) return;

    this._isFeeding = true;

    try {
      while (this._queue !== null && !this.decoder.busy) {
        const chunk = this._queue.shift();

        this._queuedBytes -= chunk.length;
        if (this._queue.length === 0) this._queue = null;
        this.decoder.feed(chunk);
      }
    } finally {
      this._isFeeding = false;
    }
  }

  /** Takes a chunk from the socket. */
  feed(chunk) {
    // Somebody has set an encoding.
    if (typeof chunk === 'string') chunk = Buffer.from(chunk);

    if (this.isBusy) heartbeat.noteLife(this.decoder.id);

    if (this.receiver !== null) {
      if (!this.receiver.write(chunk)) this.socket.pause();
      return;
    }

    if (this.decoder.busy) this.queue(chunk);
    else this.decoder.feed(chunk);

    if (!this.decoder.busy) return;

    this.suspendLoop();
    this._holdBack();
  }

  /** Keeps a chunk until the decoder, which is busy, is through with the last. */
  queue(chunk) {
    if (this._queue === null) {
      this._queue = [chunk];
      this._queuedBytes = chunk.length;
    } else {
      this._queue.push(chunk);
      this._queuedBytes += chunk.length;
    }
  }

  /** Takes a chunk that the loop transport has decoded; see `Decoder#take()`. */
  takeDecoded(source, isSpare, length, position, count) {
    try {
      this.decoder.take(source, isSpare, length, position, count);
    } finally {
      // After a listener has thrown, too: the rest of the chunk is to come.
      if (this.decoder.busy) {
        this.suspendLoop();
        // While a message is inflated the next chunks may wait here; to hold
        // them back would bring the connection back to the stream.
        if (!this.decoder.allowSynchronousEvents) this._holdBack();
      }
    }
  }

  /** Reads no more if much waits for the decoder. */
  _holdBack() {
    if (this.decoder.chunkLength + this._queuedBytes >= HIGH_WATER_MARK) {
      this._needDrain = true;
      this.socket.pause();
    }
  }

  /** Has the loop transport decode no more until the decoder is through. */
  suspendLoop() {
    if (this.loop === null) return;

    this._isLoopBusy = true;
    this.loop.setBusy(true);
  }

  /** No more chunks will come. */
  end() {
    if (this._ended) return;

    this._ended = true;
    if (this.receiver !== null) this.receiver.end();
  }

  /** Calls back as soon as everything that came has been handed out. */
  whenFinished(callback) {
    const { receiver, decoder } = this;

    if (receiver !== null) {
      const { finished, errorEmitted } = receiver._writableState;

      if (finished || errorEmitted) {
        callback();
      } else {
        receiver.on('error', callback);
        receiver.on('finish', callback);
      }
    } else if (decoder.busy) {
      this._onFinished = callback;
    } else if (
      decoder.failed &&
      !this._isReported &&
      !this.websocket._errorEmitted
    ) {
      // The error is reported in the next tick, and close comes last.
      this._onFinished = callback;
    } else {
      callback();
    }
  }

  _finished() {
    const callback = this._onFinished;

    this._onFinished = null;
    if (callback !== null) callback();
  }

  _drained() {
    if (!this.websocket.isPaused) this.socket.resume();
  }
}

// Rarely set, so no field of each: idle connections are kept by the thousand.
/** Between the socket and the decoder, once somebody has asked for it. */
ReceivingHalf.prototype.receiver = null;
/** Chunks that wait for the decoder, if any do, and how long they are. */
ReceivingHalf.prototype._queue = null;
ReceivingHalf.prototype._queuedBytes = 0;
/** Whether the socket is paused until they are worked off. */
ReceivingHalf.prototype._needDrain = false;
/** Whether they are being given to the decoder. */
ReceivingHalf.prototype._isFeeding = false;
/** Whether the loop transport decodes nothing meanwhile. */
ReceivingHalf.prototype._isLoopBusy = false;
/** Called when all that came has been handed out. */
ReceivingHalf.prototype._onFinished = null;
/** Whether somebody was told of an error, or was to be. */
ReceivingHalf.prototype._isReported = false;
/** Whether to try the loop transport again: all that it lacked was a quiet moment. */
ReceivingHalf.prototype.promoteLater = false;

module.exports = ReceivingHalf;

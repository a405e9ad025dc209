'use strict';

const { Buffer } = require('buffer');
const { getDefaultHighWaterMark } = require('stream');

const AutoPong = require('./auto-pong');
const { EMPTY_BUFFER, kStatusCode, kWebSocket } = require('../constants');
const Decoder = require('./decoder');
const heartbeat = require('./heartbeat');
const emitMessage = require('./message-event');
const loopListeners = require('./loop-listeners');
const native = require('../native');
const { isLight } = require('../wire/light-socket');
const Outbox = require('../wire/outbox');
const promotion = require('../wire/promotion');
const { announce } = require('../wire/taken-socket');
const Receiver = require('./receiver');
const Sender = require('./sender');
const timers = require('../timers');
const {
  ignoreData,
  listenToSocket,
  socketClosed
} = require('./socket-listeners');

const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/**
 * The socket is paused when this many bytes wait because a message is being
 * inflated: as many as a `Writable` would take.
 */
const HIGH_WATER_MARK = getDefaultHighWaterMark(false);

/**
 * What an open `WebSocket` is connected with: its socket, the decoder that the
 * socket's bytes go to, the sender, and the closing handshake between them.
 *
 * Chunks go from the socket straight to the decoder. Only if somebody asks for
 * `websocket._receiver` a `Writable` is put between, and takes over what the
 * decoder is at.
 */
class Connection {
  /**
   * @param {WebSocket} websocket The `WebSocket` to be opened
   * @param {Duplex} socket The socket, after the opening handshake
   * @param {Buffer} head What came behind the handshake
   * @param {Object} options See `WebSocket#setSocket()`
   * @param {Number} [meter] What is to count, if the light one has not told it
   * @param {LightConnection} [light] What has opened it natively already
   */
  constructor(websocket, socket, head, options, meter, light) {
    this.websocket = websocket;
    this.socket = socket;
    this.receiver = null;
    this._queue = null;
    this._queuedBytes = 0;
    this._needDrain = false;
    this._isLoopBusy = false;
    this._ended = false;
    this._onFinished = null;
    this._autoPong = null;
    this._isFeeding = false;
    this._isFreed = false;
    /** The loop transport, while the connection is on it. */
    this.loop = null;
    /** Tries to bring it there, if all that it lacked was a quiet moment. */
    this.promoteLater = false;
    /** Whether the async context of its socket's handle is still to be noted. */
    this.wantsContext = false;

    this.decoder = new Decoder({
      allowSynchronousEvents:
        options.allowSynchronousEvents !== undefined
          ? options.allowSynchronousEvents
          : true,
      binaryType: websocket.binaryType,
      extensions: websocket._extensions,
      id: light?.id,
      isServer: websocket._isServer,
      maxBufferedChunks: options.maxBufferedChunks | 0,
      maxFragments: options.maxFragments | 0,
      maxPayload: options.maxPayload | 0,
      skipUTF8Validation: !!options.skipUTF8Validation
    });
    this.decoder.sink = this;

    if (meter !== undefined) {
      native.meterAttach(meter, this.decoder.id, false);
    }

    this.decoder.isWatched = () => this._isWatched();
    // From Node 26 on all TLS sockets read into the same memory.
    this.decoder.copiesParts = socket.encrypted === true;

    this.output = new Outbox(socket, this.decoder.id);
    this.output.onerror = (err) => websocket._emitErrorOnce(err);
    announce(socket, this.output);

    this._generateMask = options.generateMask;
    this._closeListeners = 0;
    socket[kWebSocket] = websocket;

    if (light !== undefined) {
      this.listenToLoop();
      promotion.enter(this);
      this.output.openNative(light.openedIn);
      return;
    }

    // A mere Duplex may not have these.
    if (socket.setTimeout) socket.setTimeout(0);
    if (socket.setNoDelay) socket.setNoDelay();

    if (head.length > 0) socket.unshift(head);

    listenToSocket(socket, this);
    this._closeListeners = socket.listenerCount('close');
    promotion.schedule(this);
  }

  /** What the event loop calls is this, or what makes one. */
  connect() {
    return this;
  }

  // Whom a light socket belongs to.

  onMaterialized() {
    const { output, socket } = this;

    listenToSocket(socket, this);
    this._closeListeners = socket.listenerCount('close');
    if (this.websocket._closeFrameReceived) ignoreData(socket);
    output.onMaterialized();
  }

  onEnd() {
    this.websocket._readyState = CLOSING;
    this.end();
    this.socket.end();
  }

  onClosed() {
    socketClosed(this.socket, this);
  }

  /** Whether messages may go out as they are given. */
  get isPlain() {
    return (
      this._generateMask === undefined &&
      this.websocket._extensions['permessage-deflate'] === undefined
    );
  }

  /** The sender, made when it is first needed; most messages pass it by. */
  get sender() {
    const { output, websocket } = this;

    if (output.sender === null) {
      const sender = new Sender(
        this.socket,
        websocket._extensions,
        this._generateMask
      );

      sender[kWebSocket] = websocket;
      sender.onerror = (err) => this._onSenderError(err);
      // What programs still send in the end goes the way of all late writes.
      sender.outbox = this._isFreed ? null : output;
      output.sender = sender;
    }

    return output.sender;
  }

  /** Which transport moves the connection's bytes. */
  get transport() {
    return this.loop === null ? 'stream' : 'loop';
  }

  /** Whether a chunk has to wait until another was worked off. */
  get isBusy() {
    return this.receiver !== null || this.decoder.busy;
  }

  /**
   * Whether somebody could see that a message takes no time to inflate: whoever
   * has the receiver, or waits for the socket to close, may ask then how much
   * of what came has been handed out.
   */
  _isWatched() {
    const { socket } = this;

    return (
      this.receiver !== null ||
      (!isLight(socket) && socket.listenerCount('close') > this._closeListeners)
    );
  }

  /** The receiver, made when it is first asked for. */
  materializeReceiver() {
    if (this.receiver !== null) return this.receiver;

    const { decoder } = this;

    if (this.loop !== null) this.loop.demote('the program uses its _receiver');
    if (this.loop !== null) this.loop.setBusy(true);

    const chunks = decoder.busy ? [decoder.chunk] : [];

    if (this._queue !== null) chunks.push(...this._queue);

    const receiver = new Receiver(decoder);

    receiver[kWebSocket] = this.websocket;
    this.receiver = receiver;
    this._queue = null;

    receiver.on('conclude', (code, reason) => this.onConclude(code, reason));
    receiver.on('drain', () => this._drained());
    receiver.on('error', (err) => this._onReceiverError(err));
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

  // The decoder's sink.

  onMessage(data, isBinary) {
    emitMessage(this.websocket, data, isBinary);
  }

  onPing(data) {
    const { websocket } = this;

    if (websocket._autoPong && websocket._readyState === OPEN) {
      if (this._autoPong === null) this._autoPong = new AutoPong(websocket);
      this._autoPong.answer(data);
    }

    websocket.emit('ping', data);
  }

  onPong(data) {
    this.websocket.emit('pong', data);
  }

  onConclude(code, reason) {
    const { websocket, socket } = this;

    websocket._closeFrameReceived = true;
    websocket._closeCode = code;
    // A copy: a view would keep the whole chunk in memory.
    websocket._closeMessage =
      reason.length === 0 ? EMPTY_BUFFER : copyOf(reason);

    if (socket[kWebSocket] === undefined) return;

    this._stopFeeding();

    if (code === 1005) websocket.close();
    else websocket.close(code, reason);
  }

  onChunkDone(err) {
    if (err) {
      this._queue = null;
      timers.nextTick(() => {
        this._onReceiverError(err);
        this._finished();
      });
      return;
    }

    if (this._queue !== null) {
      this._feedQueue();
      return;
    }

    if (this.promoteLater) promotion.retry(this);

    if (this._isLoopBusy) {
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

  // The receiving side.

  /** Takes a chunk from the socket. */
  feed(chunk) {
    // Somebody has set an encoding.
    if (typeof chunk === 'string') chunk = Buffer.from(chunk);

    if (this.isBusy) heartbeat.noteLife(this.decoder.id);

    if (this.receiver !== null) {
      if (!this.receiver.write(chunk)) this.socket.pause();
      return;
    }

    if (!this.decoder.busy) {
      this.decoder.feed(chunk);
    } else if (this._queue === null) {
      this._queue = [chunk];
      this._queuedBytes = chunk.length;
    } else {
      this._queue.push(chunk);
      this._queuedBytes += chunk.length;
    }

    if (!this.decoder.busy) return;

    this.suspendLoop();

    if (this.decoder.chunkLength + this._queuedBytes >= HIGH_WATER_MARK) {
      this._needDrain = true;
      this.socket.pause();
    }
  }

  /** Takes a chunk that the loop transport has decoded; see `Decoder#take()`. */
  takeDecoded(source, isSpare, length, position, count) {
    try {
      this.decoder.take(source, isSpare, length, position, count);
    } finally {
      // After a listener has thrown, too: the rest of the chunk is to come.
      if (this.decoder.busy) this.suspendLoop();
    }
  }

  /** It is about to be promoted. */
  listenToLoop() {
    loopListeners.listen();
    this.decoder.onSpareTaken = loopListeners.onSpareTaken;
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

  /**
   * Ends the connection at once, as something went wrong in here: what comes
   * could not be understood any more.
   */
  fail(err) {
    const { decoder, socket, websocket } = this;

    this._queue = null;
    decoder.failed = true;
    if (this.receiver !== null) this.receiver.destroy();
    socket.destroy();
    websocket._emitErrorOnce(err);
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
    } else if (decoder.failed && !this.websocket._errorEmitted) {
      // The error is reported in the next tick, and close comes last.
      this._onFinished = callback;
    } else {
      callback();
    }
  }

  /** Gives up what the connection holds. */
  free() {
    const { sender } = this.output;

    this._isFreed = true;
    if (this.receiver !== null) this.receiver.removeAllListeners();
    if (sender !== null) sender.outbox = null;
    if (this.output.member !== null) this.output.member.free();
    this.output.free();
    heartbeat.stop(this.decoder.id);
    this.decoder.free(this.websocket._closeCode);
  }

  _finished() {
    const callback = this._onFinished;

    this._onFinished = null;
    if (callback !== null) callback();
  }

  _drained() {
    if (!this.websocket.isPaused) this.socket.resume();
  }

  /** Goes on reading, so that the end is seen, but looks at nothing more. */
  _stopFeeding() {
    ignoreData(this.socket);
    timers.nextTick(resume, this.socket);
  }

  _onReceiverError(err) {
    const { websocket, socket } = this;

    if (socket[kWebSocket] !== undefined) {
      this._stopFeeding();
      websocket.close(err[kStatusCode]);
    }

    websocket._emitErrorOnce(err);
  }

  _onSenderError(err) {
    const { websocket } = this;

    if (websocket._readyState === CLOSED) return;
    if (websocket._readyState === OPEN) {
      websocket._readyState = CLOSING;
      websocket._setCloseTimer();
    }

    // Not `destroy()`: what the peer still sends is to arrive.
    this.socket.end();
    websocket._emitErrorOnce(err);
  }
}

function copyOf(bytes) {
  const copy = Buffer.allocUnsafeSlow(bytes.length);

  copy.set(bytes);
  return copy;
}

function resume(stream) {
  stream.resume();
}

module.exports = Connection;

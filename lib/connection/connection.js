'use strict';

const { Buffer } = require('buffer');

const AutoPong = require('./auto-pong');
const { net } = require('../builtins');
const {
  EMPTY_BUFFER,
  kStatusCode,
  kWebSocket,
  READY_STATE
} = require('../constants');
const Decoder = require('./decoder');
const heartbeat = require('./heartbeat');
const emitMessage = require('./message-event');
const loopListeners = require('./loop-listeners');
const {
  kConnection,
  kEmitErrorOnce,
  kNegotiated,
  kSetCloseTimer
} = require('../members');
const native = require('../native');
const { threadsOf } = require('../wire/io-threads');
const { forget } = require('../wire/loop');
const { isLight } = require('../wire/materialize');
const Outbox = require('../wire/outbox');
const { isPongPatched, isReceiverPatched } = require('./patched-classes');
const promotion = require('../wire/promotion');
const { announce, kOwnTls } = require('../wire/taken-socket');
const ReceivingHalf = require('./receiving-half');
const Sender = require('./sender');
const timers = require('../timers');
const {
  ignoreData,
  listenToMaterialized,
  listenToSocket,
  socketClosed
} = require('./socket-listeners');

const { CLOSED, CLOSING, OPEN } = READY_STATE;

/** The extensions of those that have none, until somebody asks for an object. */
const NONE = Object.freeze({});

/**
 * What belongs to an open `WebSocket`: its socket, the decoder that the
 * socket's bytes go to, the sender, and the closing handshake between them.
 */
class Connection extends ReceivingHalf {
  /**
   * @param {WebSocket} websocket The `WebSocket` to be opened
   * @param {Duplex} socket The socket, after the opening handshake
   * @param {Buffer} head What came behind the handshake
   * @param {Object} options See `WebSocket#setSocket()`
   * @param {Number} [meter] What is to count, if the light one has not told it
   * @param {LightConnection} [light] What has opened it natively already
   */
  constructor(websocket, socket, head, options, meter, light) {
    super(websocket, socket);
    this._isFreed = false;
    /**
     * How many I/O threads may share its bytes and those of others; 0 for none.
     */
    this.ioThreads =
      socket.encrypted === true && !socket[kOwnTls] ? 0 : threadsOf(options);

    this.decoder = new Decoder(
      {
        allowSynchronousEvents:
          options.allowSynchronousEvents !== undefined
            ? options.allowSynchronousEvents
            : true,
        binaryType: websocket.binaryType,
        extensions: websocket[kNegotiated] ?? NONE,
        isServer: websocket._isServer,
        maxBufferedChunks: options.maxBufferedChunks | 0,
        maxFragments: options.maxFragments | 0,
        maxPayload: options.maxPayload | 0,
        skipUTF8Validation: !!options.skipUTF8Validation
      },
      light?.id
    );
    this.decoder.sink = this;

    if (meter !== undefined) {
      native.meterAttach(meter, this.decoder.id, false);
    }

    this.decoder.watcher = this;
    // From Node 26 on all TLS sockets read into the same memory.
    if (socket.encrypted === true) this.decoder.copiesParts = true;

    this.output = new Outbox(socket, this.decoder.id);
    this.output.owner = this;

    if (this.ioThreads > 0) {
      this.output.packs = true;
      if (light !== undefined) this.decoder.mayInflateOnThread = true;
    }

    announce(socket, this.output);
    if (options.generateMask) this._generateMask = options.generateMask;
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
    if (isReceiverPatched()) this.materializeReceiver();
    promotion.schedule(this);
  }

  /** Whose events the event loop's are: its own; see `Light#connect()`. */
  connect() {
    return this;
  }

  // Whom a light socket belongs to.

  onMaterialized() {
    const { output, socket } = this;

    listenToMaterialized(socket, this);
    this._closeListeners = socket.listenerCount('close');
    if (this.websocket._closeFrameReceived) ignoreData(socket);
    output.onMaterialized();
  }

  onEnd() {
    this.websocket._readyState = CLOSING;
    this.end();
    this.socket.end();
  }

  onError() {
    this.websocket._readyState = CLOSING;
  }

  onClosed() {
    socketClosed(this.socket, this);
  }

  /** Whether messages may go out as they are given. */
  get isPlain() {
    return (
      this._generateMask === undefined &&
      this.websocket[kNegotiated]?.['permessage-deflate'] === undefined
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
      // No closure: with one each, V8 keeps what was closed for long.
      sender.onerror = onSenderError;
      // What programs still send behind the end is for the socket to refuse.
      sender.outbox = this._isFreed ? null : output;
      output.sender = sender;
    }

    return output.sender;
  }

  /** Which transport moves the connection's bytes. */
  get transport() {
    if (this.loop === null) return 'stream';
    return this.ioThreads > 0 ? 'threads' : 'loop';
  }

  /**
   * Whether somebody can see how long a message takes to be inflated: who has
   * the receiver, or waits for the socket to close, may ask then how much of
   * what came has been handed out; and everybody sees it if the end of the
   * stream has come already.
   */
  isWatched() {
    const { socket } = this;

    return (
      this.receiver !== null ||
      (!isLight(socket) &&
        (socket.listenerCount('close') > this._closeListeners ||
          socket._readableState?.ended === true ||
          (this.loop === null && endsBehind(socket._handle))))
    );
  }

  /** What was sent is lost, and the socket knows nothing of it. */
  onLost(err) {
    this.websocket[kEmitErrorOnce](err);
  }

  // The decoder's sink.

  onMessage(data, isBinary) {
    emitMessage(this.websocket, data, isBinary);
  }

  onPing(data) {
    const { websocket } = this;
    // To be asked for each of them.
    const isAnswered =
      this.ioThreads > 0 &&
      native.pingAnswered(this.decoder.id, data.length) === 1;

    if (isAnswered && isPongPatched(websocket, this.output.sender)) {
      // Who begins to look for pongs now sees those that follow.
      native.leavePings(this.decoder.id);
    }

    if (!isAnswered && websocket._autoPong && websocket.readyState === OPEN) {
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

  /** Its socket is about to be ended, maybe before it was promoted. */
  beforeEnd() {
    const { output, socket } = this;

    if (
      promotion.isAvailable &&
      !isLight(socket) &&
      socket.constructor === net.Socket &&
      !socket[kOwnTls]
    ) {
      this.listenToLoop();
      output.hook();
    }
  }

  /** It is about to be promoted. */
  listenToLoop() {
    loopListeners.listen();
  }

  /**
   * Ends the connection at once, as something went wrong in here: what comes
   * could not be understood any more.
   */
  fail(err) {
    const { socket, websocket } = this;

    this._drop();
    socket.destroy();
    websocket[kEmitErrorOnce](err);
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
    forget(this.decoder.id);
    this.decoder.free(this.websocket._closeCode);
  }

  /** Goes on reading, so that the end is seen, but looks at nothing more. */
  _stopFeeding() {
    ignoreData(this.socket);
    timers.nextTick(resume, this.socket);
  }

  onReceiverError(err) {
    const { websocket, socket } = this;

    if (socket[kWebSocket] !== undefined) {
      this._stopFeeding();
      websocket.close(err[kStatusCode]);
    }

    websocket[kEmitErrorOnce](err);
  }

  _onSenderError(err) {
    const { websocket } = this;

    if (websocket.readyState === CLOSED) return;
    if (websocket.readyState === OPEN) {
      websocket._readyState = CLOSING;
      websocket[kSetCloseTimer]();
    }

    // Not `destroy()`: what the peer still sends is to arrive.
    this.socket.end();
    websocket[kEmitErrorOnce](err);
  }
}

// Rarely set, so no field of each: idle connections are kept by the thousand.
/** Answers pings, once there was one. */
Connection.prototype._autoPong = null;
/** Whether the async context of its socket's handle is still to be noted. */
Connection.prototype.wantsContext = false;
/** What makes masking keys, if the program does. */
Connection.prototype._generateMask = undefined;
/** How many listeners for `'close'` its socket has of ours and of Node's. */
Connection.prototype._closeListeners = 0;

/** What a sender, `this`, has that could not send. */
function onSenderError(err) {
  this[kWebSocket][kConnection]._onSenderError(err);
}

function copyOf(bytes) {
  const copy = Buffer.allocUnsafeSlow(bytes.length);

  copy.set(bytes);
  return copy;
}

/** Whether Node is yet to read the end of a stream, which has come. */
function endsBehind(handle) {
  return handle?.fd >= 0 && native.endsBehind(handle.fd) === 1;
}

function resume(stream) {
  stream.resume();
}

module.exports = Connection;

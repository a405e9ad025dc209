'use strict';

const EventEmitter = require('events');

const { normalizeArguments } = require('../handshake/client-arguments');
const connect = require('../handshake/client-handshake');
const BackPressure = require('../connection/back-pressure');
const Connection = require('../connection/connection');
const { BINARY_TYPES, CLOSE_TIMEOUT, READY_STATE } = require('../constants');
const diagnostics = require('../diagnostics');
const heartbeat = require('../connection/heartbeat');
const readHeartbeat = require('../connection/heartbeat-options');
const { Listeners } = require('./listeners');
const {
  kBackPressure,
  kConnection,
  kHeartbeat,
  kNegotiated,
  kOnConnected,
  kOutput
} = require('../members');
const { notePong } = require('../connection/patched-classes');
const given = require('../given');
const { streamLength } = require('../wire/frame-queue');
const {
  destroySocket,
  isLight,
  kLight,
  materialize
} = require('../wire/materialize');
const {
  DEFAULTS,
  defineProperties,
  giveRarelySet
} = require('./websocket-properties');

const { CLOSED, CONNECTING, OPEN } = READY_STATE;

/** A WebSocket connection (RFC 6455), as a client or as a server has it. */
class WebSocket extends EventEmitter {
  /**
   * @param {(String|URL|null)} address What to connect to; `null` makes the
   *     server's side of a connection
   * @param {(String|String[])} [protocols] The subprotocols, best first
   * @param {Object} [options] See docs/api.md
   * @throws {SyntaxError|RangeError} The address, a subprotocol or the protocol
   *     version is invalid
   */
  constructor(address, protocols, options) {
    super();

    if (!Object.isExtensible(WebSocket.prototype)) giveRarelySet(this);

    // What nearly all connections have; for the rest see RARELY_SET.
    this._events = new Listeners();
    this._readyState = CONNECTING;
    this[kOutput] = null;
    this._socket = null;

    if (address !== null) {
      this._isServer = false;
      this._bufferedAmount = 0;
      this._redirects = 0;

      const normalized = normalizeArguments(protocols, options);
      const settings = readHeartbeat(given(normalized.options, 'heartbeat'));

      if (settings !== null) this[kHeartbeat] = settings;
      connect(this, address, normalized.protocols, normalized.options);
    } else {
      options ??= DEFAULTS;

      const { autoPong, closeTimeout, maxPendingAutoPongs } = options;
      const backPressure = BackPressure.of(this, options);

      if (!autoPong) this._autoPong = false;
      if (closeTimeout !== CLOSE_TIMEOUT) this._closeTimeout = closeTimeout;
      if (maxPendingAutoPongs !== DEFAULTS.maxPendingAutoPongs) {
        this._maxPendingAutoPongs = maxPendingAutoPongs | 0;
      }
      if (backPressure !== null) this[kBackPressure] = backPressure;
    }
  }

  /**
   * The negotiated extensions, by name.
   *
   * @private
   */
  get _extensions() {
    if (this[kNegotiated] === null) {
      const output = this[kOutput];

      // Made when somebody asks: few extend anything.
      this[kNegotiated] = {};
      if (output) output.owner.decoder.extensions = this[kNegotiated];
    }

    return this[kNegotiated];
  }

  set _extensions(extensions) {
    this[kNegotiated] = extensions;
  }

  /**
   * The form of binary messages: `'nodebuffer'`, `'arraybuffer'`, `'fragments'`
   * or `'blob'`; others are ignored.
   *
   * @type {String}
   */
  get binaryType() {
    return this._binaryType;
  }

  set binaryType(type) {
    if (!BINARY_TYPES.includes(type)) return;

    this._binaryType = type;
    if (this[kOutput]) this[kOutput].owner.decoder.binaryType = type;
  }

  /**
   * Bytes that were sent and did not reach the kernel yet.
   *
   * @type {Number}
   */
  get bufferedAmount() {
    if (!this._socket) return this._bufferedAmount;
    // Nothing was sent that the kernel did not take.
    if (this[kOutput] === null && isLight(this._socket)) return 0;

    const { output } = this[kConnection];
    const { sender } = output;
    const unsent = sender === null ? 0 : sender._bufferedBytes;

    // An I/O thread may have met a kernel that takes no more.
    output.afterFlush();
    return streamLength(this._socket) + output.unwrittenLength + unsent;
  }

  /**
   * The names of the negotiated extensions, comma separated.
   *
   * @type {String}
   */
  get extensions() {
    return this[kNegotiated] === null
      ? ''
      : Object.keys(this._extensions).join();
  }

  /**
   * Whether `pause()` was called.
   *
   * @type {Boolean}
   */
  get isPaused() {
    return this._paused;
  }

  /**
   * The subprotocol that was agreed on, or `''`.
   *
   * @type {String}
   */
  get protocol() {
    return this._protocol;
  }

  /** @type {Number} */
  get readyState() {
    return this._readyState;
  }

  /**
   * Which transport moves the bytes now: `'stream'`, `'loop'` or `'threads'`. An
   * addition to ws; a program may put a property of its own here.
   *
   * @type {String}
   */
  get transport() {
    if (this[kOutput]) return this[kOutput].owner.transport;

    return this._socket?.[kLight]?.transport ?? 'stream';
  }

  /**
   * What a client connected to.
   *
   * @type {String}
   */
  get url() {
    return this._url;
  }

  /**
   * The receiver of the open connection; made when it is first asked for, as
   * few look at it.
   *
   * @private
   */
  get _receiver() {
    return this[kConnection] ? this[kConnection].materializeReceiver() : null;
  }

  /** @private */
  get _sender() {
    // From the outbox, if that has it: who sends to many fetches as little
    // memory as can be for each.
    const made = this[kOutput]?.sender ?? null;

    if (made !== null) return made;
    return this[kConnection] ? this[kConnection].sender : null;
  }

  /**
   * The `Connection`, from `setSocket()` on; that of a natively accepted one is
   * made when it is first asked for.
   *
   * @private
   */
  get [kConnection]() {
    const output = this[kOutput];

    if (output) return output.owner;

    return this._socket?.[kLight]?.connect() ?? null;
  }

  /**
   * Takes a socket over after the opening handshake, and opens.
   *
   * @param {Duplex} socket The socket
   * @param {Buffer} head What came behind the handshake
   * @param {Object} options `allowSynchronousEvents`, `generateMask`,
   *     `maxBufferedChunks`, `maxFragments`, `maxPayload`, `skipUTF8Validation`
   * @param {Object} [opening] Of a server: the `meter` that is to count; of a
   *     light socket also the `answer` to the handshake, which is yet to be sent,
   *     and the `length` of the request
   * @private
   */
  setSocket(socket, head, options, opening = undefined) {
    if (
      opening?.answer === undefined ||
      !openLight(this, socket, options, opening)
    ) {
      this[kOnConnected](
        new Connection(this, socket, head, options, opening?.meter)
      );
    }

    this._socket = socket;
    this._readyState = OPEN;
    heartbeat.start(this, this[kHeartbeat], options.generateMask);
    if (!this._isServer && diagnostics.connection.hasSubscribers) {
      diagnostics.connection.publish({ websocket: this });
    }
    this.emit('open');
  }

  /** @private */
  [kOnConnected](connection) {
    this[kOutput] = connection.output;
    connection.output.isPlain = connection.isPlain;
    if (this[kBackPressure] !== null) {
      this[kBackPressure].attach(connection.output);
    }
  }

  /** Stops reading from the socket; messages may still come that were read. */
  pause() {
    if (this.readyState === CONNECTING || this.readyState === CLOSED) return;

    this._paused = true;
    this._socket.pause();
  }

  /** Goes on reading. */
  resume() {
    if (this.readyState === CONNECTING || this.readyState === CLOSED) return;

    this._paused = false;
    if (!this[kConnection].needDrain) this._socket.resume();
  }
}

/** Answers a handshake natively, if that can be done. */
function openLight(websocket, socket, options, opening) {
  if (socket[kLight]?.open(websocket, socket, options, opening)) return true;

  // A listener has touched it, or the system can watch no more.
  materialize(socket);
  socket.removeListener('error', destroySocket);
  socket.write(opening.answer);
  return false;
}

defineProperties(WebSocket);
notePong(WebSocket.prototype.pong);

module.exports = WebSocket;

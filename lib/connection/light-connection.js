'use strict';

const Connection = require('./connection');
const { listen } = require('./loop-listeners');
const { kOnConnected, kOutput } = require('../members');
const native = require('../native');
const { ANSWER_PINGS, COMPRESSION, LOCAL, SINGLE, SKIP_UTF8_VALIDATION } =
  require('../native/numbers').config;
const { MATERIALIZED } = require('../native/numbers').meter;
const { isPongPatched } = require('./patched-classes');
const { kReadBefore } = require('../wire/behind-frames');
const { threadsOf } = require('../wire/io-threads');
const { connections } = require('../wire/loop');
const Light = require('../wire/light');
const slotOf = require('../wire/slot');
const Tick = require('../wire/tick');
const trace = require('../wire/trace');

/**
 * A connection of a server on which nothing happens: a native half that reads
 * its socket, and a `WebSocket`. The `Connection` between them is made when
 * something is received, sent or asked.
 */
class LightConnection extends Light {
  constructor(server, handle, id) {
    super(server, handle, id);
    this.websocket = null;
    this.limits = null;
  }

  get owner() {
    return this.websocket?.[kOutput]?.owner ?? null;
  }

  get isOpen() {
    return this.websocket !== null;
  }

  get socket() {
    return this.target;
  }

  /** Which transport moves the connection's bytes; see `Connection#transport`. */
  get transport() {
    return threadsOf(this.limits ?? {}) > 0 ? 'threads' : 'loop';
  }

  /**
   * Answers the handshake, and reads and writes the socket natively from now on.
   *
   * @param {WebSocket} websocket The `WebSocket` to be opened
   * @param {LightSocket} socket The socket
   * @param {Object} limits See `WebSocket#setSocket()`; kept, for others as well
   * @param {Object} opening The `answer`, the `length` of the request, the `meter`
   *     that is to count, and whether an I/O thread `answersPings`
   * @return {Boolean} `false`: the socket cannot be watched
   */
  open(websocket, socket, limits, opening) {
    // A program's class may give the same one again.
    if (websocket._socket !== null) return false;

    const { answer, answersPings, length, meter } = opening;
    const { id } = this;
    const flags =
      (websocket.extensions === '' ? 0 : COMPRESSION) |
      (limits.skipUTF8Validation ? SKIP_UTF8_VALIDATION : 0) |
      (limits.allowSynchronousEvents === false ? SINGLE : 0) |
      (this.can('getpeername') ? 0 : LOCAL) |
      (answersPings ? ANSWER_PINGS : 0);

    listen();

    const isOpen = native.acceptOpen(
      id,
      limits.maxPayload | 0,
      limits.maxFragments | 0,
      limits.maxBufferedChunks | 0,
      flags,
      length,
      answer,
      threadsOf(limits)
    );

    if (isOpen !== 1) return false;
    native.meterAttach(meter, id, true);

    this.websocket = websocket;
    this.limits = limits;
    this.openedIn = Tick.count;
    connections[slotOf(id)] = this;
    Tick.watchExit();
    Tick.schedule();
    trace(this, 'accepted natively, on %s');
    return true;
  }

  /** Node has constructed the socket, and reads it if it was not opened. */
  built(socket) {
    if (this.isOpen) return;

    native.connectionFree(this.id);
    socket[kReadBefore] = this.readBefore;
  }

  /**
   * Has its I/O thread answer no more pings if a method of the program's is to
   * see the pongs.
   */
  leavePings() {
    const { id, owner, websocket } = this;

    if (websocket === null) return;
    if (isPongPatched(websocket, owner === null ? null : owner.output.sender)) {
      native.leavePings(id);
    }
  }

  /** The connection; see `Connection#connect()`. */
  connect() {
    if (this.owner === null && this.isOpen) {
      const { limits, socket, websocket } = this;

      native.meterNote(this.id, MATERIALIZED);

      websocket[kOnConnected](
        new Connection(websocket, socket, null, limits, undefined, this)
      );
    }

    return this.owner;
  }
}

module.exports = LightConnection;

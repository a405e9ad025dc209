'use strict';

const Incoming = require('./incoming');

/** The bits of `Light#state`. */
const ENDED = 1;
const ENDED_BY_PEER = 2;
const DESTROYED = 4;
const CLOSED = 8;
const PAUSED = 16;
const LEFT = 32;
/** Behind them: the number of the tick in which it was opened. */
const BITS = 6;

/**
 * What there is of a socket that Node has not made. Subclasses, as that of
 * lib/connection/light-connection.js, say who reads and writes it.
 */
class Light extends Incoming {
  /**
   * @param {net.Server} server Who accepted it
   * @param {Object|Function} handle See `Incoming`
   * @param {Number} id Its native half
   */
  constructor(server, handle, id) {
    super(handle, id);
    this.server = server;
    /**
     * The socket itself: what a program has may inherit from it, or be a Proxy
     * of it.
     */
    this.target = null;
    /** What has happened to it, a bit each: an idle one takes 48 bytes less so. */
    this.state = 0;
  }

  get isEnded() {
    return (this.state & ENDED) !== 0;
  }

  set isEnded(isSo) {
    this._set(ENDED, isSo);
  }

  get isEndedByPeer() {
    return (this.state & ENDED_BY_PEER) !== 0;
  }

  set isEndedByPeer(isSo) {
    this._set(ENDED_BY_PEER, isSo);
  }

  get isDestroyed() {
    return (this.state & DESTROYED) !== 0;
  }

  set isDestroyed(isSo) {
    this._set(DESTROYED, isSo);
  }

  /** Whether its `'close'` has come, which it then missed. */
  get isClosed() {
    return (this.state & CLOSED) !== 0;
  }

  set isClosed(isSo) {
    this._set(CLOSED, isSo);
  }

  get isPaused() {
    return (this.state & PAUSED) !== 0;
  }

  set isPaused(isSo) {
    this._set(PAUSED, isSo);
  }

  /** Whether its `WebSocket` is done with it. */
  get isLeft() {
    return (this.state & LEFT) !== 0;
  }

  set isLeft(isSo) {
    this._set(LEFT, isSo);
  }

  /** The number of the tick in which it was opened; see `Tick.count`. */
  get openedIn() {
    return this.state >> BITS;
  }

  set openedIn(count) {
    this.state = (count << BITS) | (this.state & ((1 << BITS) - 1));
  }

  _set(bit, isSo) {
    this.state = isSo ? this.state | bit : this.state & ~bit;
  }

  /** The bytes that were read of it before it is open. */
  get readBefore() {
    return Light.lengthOfRequest;
  }

  /** Whether there is somebody to read and write it. */
  get isOpen() {
    return false;
  }

  /**
   * Node has constructed the socket.
   *
   * @param {net.Socket} socket The socket
   */
  built(socket) {
    void socket;
  }

  /**
   * @return {{loop: LoopTransport, onClosed: Function, onEnd: Function,
   *     onError: Function, onMaterialized: Function, output: Outbox}} The owner of a socket that is
   *     open, made if need be
   */
  connect() {
    return this.owner;
  }
}

/** Who reads and writes it, once that was asked for. */
Light.prototype.owner = null;

/** Whether the peer was told of its end. */
Light.prototype.isFinished = false;

/** Whether the turn of the loop is over, too, in which Node's stream finishes. */
Light.prototype.hasFinished = false;

/** What it was destroyed with, if with an error. */
Light.prototype.error = null;

/** Whether the tick of its `'error'` has come. */
Light.prototype.isErrorTold = false;

/** What it was opened for. */
Light.prototype.websocket = null;

/** Its addresses, by Node's names, once somebody has asked for them. */
Light.prototype.names = null;

/**
 * The bytes of the request that is being answered. A socket that is asked or built
 * before it is open is so within that.
 */
Light.lengthOfRequest = 0;

module.exports = Light;

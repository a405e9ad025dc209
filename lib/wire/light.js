'use strict';

const native = require('../native');
const { makeHandle } = require('./descriptor-handle');
const { closing } = require('./loop');
const slotOf = require('./slot');

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
 * What there is of a socket that Node has not made. Whoever has a use for it, as
 * lib/connection/light-connection.js has, says who reads and writes it.
 */
class Light {
  /**
   * @param {net.Server} server Who accepted it
   * @param {Object|Function} handle Node's handle for it, which nobody reads; or, as
   *     there is none, the class to make one of
   * @param {Number} id Its native half
   */
  constructor(server, handle, id) {
    this.server = server;
    this._handle = handle;
    /** May be any number, also one that is no small integer; see slot.js. */
    this.id = undefined;
    this.id = id;
    /** What it is of: others may inherit from that, or stand before it. */
    this.target = null;
    /** What has happened to it, a bit each: an idle one takes 48 bytes less so. */
    this.state = 0;
  }

  /** Node's handle, made if need be: then it is what closes the descriptor. */
  get handle() {
    if (!this._hasHandle) this._handle = makeHandle(this.id, this._handle);

    return this._handle;
  }

  get _hasHandle() {
    return typeof this._handle !== 'function';
  }

  /**
   * @param {String} method A method of Node's handles
   * @return {Boolean} Whether those of its kind have it
   */
  can(method) {
    const { _handle: handle } = this;

    return (this._hasHandle ? handle : handle.prototype)[method] !== undefined;
  }

  /**
   * @param {String} method `getpeername` or `getsockname`
   * @return {Object|null} The address; `null`: there is none any more
   */
  addressOf(method) {
    if (!this._hasHandle) {
      const name = native.descriptorName(this.id, method === 'getpeername');

      if (name !== undefined) {
        const [family, port, address] = name.split(' ');

        return { address, family, port: Number(port) };
      }
    }

    const address = {};

    return this.handle[method](address) === 0 ? address : null;
  }

  /**
   * Closes it, of which the native half has let go, and with it a descriptor that
   * no handle has.
   *
   * @param {Function} callback Called when Node calls for a handle
   */
  close(callback) {
    if (this._hasHandle) {
      this._handle.close(callback);
      return;
    }

    closing.set(slotOf(this.id), callback);
    native.loopClosed(this.id);
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

/** What it was opened for. */
Light.prototype.websocket = null;

/** Its addresses, by Node's names, once somebody has asked for them. */
Light.prototype.names = null;

module.exports = Light;

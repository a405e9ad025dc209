'use strict';

const net = require('net');

const { NOOP } = require('../constants');

/** On a socket: the `Output` whose frames go before everything else. */
const kOutput = Symbol('ws-rs.output');
/** On a socket: the `LoopTransport` that reads it, or nothing. */
const kLoop = Symbol('ws-rs.loop');

function write(...args) {
  this[kOutput].beforeSocket();
  return net.Socket.prototype.write.apply(this, args);
}

/**
 * What a plain `net.Socket` becomes when frames are written to its descriptor.
 * Whatever the program does with the socket itself has to come behind frames
 * that still wait, and to get the bytes that it asks for, so that the loop
 * transport lets go of a socket whose bytes somebody wants to see.
 */
class TakenSocket extends net.Socket {
  get write() {
    return write;
  }

  /** Whoever wants to see what is written gets the frames, too. */
  set write(value) {
    this[kOutput].beforeSocket();
    Object.defineProperty(this, 'write', {
      configurable: true,
      enumerable: true,
      value,
      writable: true
    });
  }

  end(...args) {
    this[kOutput].beforeSocket();
    return super.end(...args);
  }

  _destroy(err, callback) {
    const rest = this[kOutput].takeRest();

    if (rest !== null) super._write(rest, 'buffer', NOOP);
    this[kOutput].close();
    // Before Node closes the descriptor, whose number the next socket may get.
    if (this[kLoop]) this[kLoop].onDestroy();
    super._destroy(err, callback);
  }

  cork() {
    this[kOutput].beforeSocket();
    super.cork();
  }

  get bytesWritten() {
    return super.bytesWritten + this[kOutput].bytesWritten;
  }

  get bytesRead() {
    return super.bytesRead + this[kOutput].bytesRead;
  }

  on(event, listener) {
    this._letGoFor(event);
    return super.on(event, listener);
  }

  addListener(event, listener) {
    this._letGoFor(event);
    return super.addListener(event, listener);
  }

  prependListener(event, listener) {
    this._letGoFor(event);
    return super.prependListener(event, listener);
  }

  _letGoFor(event) {
    if (this[kLoop] && (event === 'data' || event === 'readable')) {
      this[kLoop].demote();
    }
  }

  removeListener(event, listener) {
    super.removeListener(event, listener);
    this._letGoIfDeaf(event);
    return this;
  }

  off(event, listener) {
    return this.removeListener(event, listener);
  }

  removeAllListeners(...args) {
    super.removeAllListeners(...args);
    this._letGoIfDeaf(args[0]);
    return this;
  }

  /** Bytes that nobody listens to are Node's to throw away. */
  _letGoIfDeaf(event) {
    if (
      this[kLoop] &&
      (event === 'data' || event === undefined) &&
      this.listenerCount('data') === 0
    ) {
      this[kLoop].demote();
    }
  }

  push(chunk, encoding) {
    if (this[kLoop]) this[kLoop].demote();
    return super.push(chunk, encoding);
  }

  unshift(chunk, encoding) {
    if (this[kLoop]) this[kLoop].demote();
    return super.unshift(chunk, encoding);
  }

  pipe(destination, options) {
    if (this[kLoop]) this[kLoop].demote();
    return super.pipe(destination, options);
  }

  setEncoding(encoding) {
    if (this[kLoop]) this[kLoop].demote();
    return super.setEncoding(encoding);
  }

  setTimeout(timeout, callback) {
    // Node has taken the handle away, to send it to another process, and calls
    // this before it closes the descriptor.
    if (!this._handle && !this.destroyed) {
      if (this[kLoop]) this[kLoop].onDestroy();
      this[kOutput].close();
    }

    // Node counts what it reads itself as activity.
    if (this[kLoop] && timeout > 0) this[kLoop].demote();
    this[kOutput].hasTimeout = timeout > 0;
    return super.setTimeout(timeout, callback);
  }

  pause() {
    if (this[kLoop]) this[kLoop].setPaused(true);
    return super.pause();
  }

  resume() {
    if (this[kLoop]) this[kLoop].setPaused(false);
    return super.resume();
  }

  ref() {
    if (this[kLoop]) this[kLoop].setReferenced(true);
    return super.ref();
  }

  unref() {
    if (this[kLoop]) this[kLoop].setReferenced(false);
    return super.unref();
  }
}

// For everybody else it is the `net.Socket` that it was.
delete TakenSocket.prototype.constructor;

TakenSocket.kLoop = kLoop;
TakenSocket.kOutput = kOutput;

module.exports = TakenSocket;

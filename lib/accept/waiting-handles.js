'use strict';

const giveWhenAsked = require('./all-connections');
const native = require('../native');
const timers = require('../timers');
const { connections } = require('../wire/loop');
const slotOf = require('../wire/slot');

/**
 * How often is looked for connections that have waited for long, in
 * milliseconds.
 */
const INTERVAL = 500;

/**
 * Connections on which nothing has come yet. After one second at most Node gets
 * those that stay silent, as its limits are for them.
 */
class WaitingHandles {
  /**
   * @param {net.Server} server Who counts them among its connections
   * @param {Function} onRequest Called with the native half and the handle on which
   *     something came
   * @param {Function} onSilent Called with those that have waited for long enough
   */
  constructor(server, onRequest, onSilent) {
    this._server = server;
    this._onRequest = onRequest;
    this._onSilent = onSilent;
    /** The handles that came since the last look, and those before. */
    this._young = new Set();
    this._old = new Set();
    this._timer = null;
    this._isWatched = false;
  }

  get isEmpty() {
    return this._young.size === 0 && this._old.size === 0;
  }

  /**
   * @param {Number} id The native half
   * @param {Object|Function} handle See `Light`
   * @return {Boolean} `false`: it cannot be watched
   */
  add(id, handle) {
    if (native.acceptAwait(id) !== 1) return false;

    if (!this._isWatched) {
      this._isWatched = true;
      giveWhenAsked(this._server, () => this.giveAll());
    }

    const waiter = new Waiter(this, handle, id);

    this._server._connections++;
    connections[slotOf(id)] = waiter;
    this._young.add(waiter);

    if (this._timer === null) {
      this._timer = timers.setInterval(() => this._look(), INTERVAL);
      this._timer.unref();
    }

    return true;
  }

  /** Gives all of them to Node, as when the server accepts no more. */
  giveAll() {
    this._give(this._old);
    this._give(this._young);
    if (this.isEmpty) this._stop();
  }

  /** Something has come. */
  arrived(waiter) {
    this.remove(waiter);
    this._onRequest(waiter.id, waiter.handle);
  }

  /** It waits no more. */
  remove(waiter) {
    this._old.delete(waiter);
    this._young.delete(waiter);
    // Whoever gets it counts it again.
    this._server._connections--;
    connections[slotOf(waiter.id)] = undefined;
  }

  _look() {
    this._give(this._old);
    this._old = this._young;
    this._young = new Set();
    if (this.isEmpty) this._stop();
  }

  /**
   * A listener of the program's that this leads to may have others of them
   * given, too.
   */
  _give(waiters) {
    for (const waiter of waiters) {
      this.remove(waiter);
      this._onSilent(waiter.id, waiter.handle);
    }
  }

  _stop() {
    if (this._timer === null) return;

    timers.clearInterval(this._timer);
    this._timer = null;
  }
}

/** One of them, as the event loop calls it. */
class Waiter {
  constructor(handles, handle, id) {
    this._handles = handles;
    this.handle = handle;
    this.id = id;
  }

  connect() {
    return this;
  }

  onRequest() {
    this._handles.arrived(this);
  }

  fail() {
    this._handles.remove(this);
    native.connectionFree(this.id);
    if (typeof this.handle !== 'function') this.handle.close();
  }
}

module.exports = WaitingHandles;

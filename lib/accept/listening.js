'use strict';

const { net } = require('../builtins');
const { makeRequest } = require('./light-request');
const native = require('../native');
const { noteServer } = require('../wire/accepted-context');
const { keepContext, makeHandle } = require('../wire/descriptor-handle');
const Light = require('../wire/light');
const { acceptors } = require('../wire/loop');
const { materialize } = require('../wire/materialize');
const { Place } = require('./neighbours');
const Scope = require('./scope');
const { noteWhyNode } = require('./why-node');

/**
 * Takes the connections of a server that listens before Node builds them. On
 * Linux the addon takes them from the listening socket, and they have no handle
 * of Node's: its class stands where a handle would; see `Light`.
 */
class Listening {
  /**
   * @param {net.Server} server The server
   * @param {Object} taker `objection()` says why Node is to build the next one, in a
   *     word, or `null`; `receive(id, handle)` gets the native half and the handle of
   *     one that has come; `close()` is called before the server listens no more
   */
  constructor(server, taker) {
    const handle = server._handle;

    this._server = server;
    this._taker = taker;
    this._handle = handle;
    // Kept, as it cannot be asked for any more when the handle is closed.
    this._fd = handle.fd;
    this._Handle = handle.constructor;
    this._onconnection = handle.onconnection;
    this._hasNoDelay = setNoDelay(server, handle);
    this._isTaking = false;
    this._place = new Place(addressOf(server), () => this._take(false));
    // That of Node's own `onconnection`, in which what a listener leaves stays
    // for the next connection.
    this._scope = new Scope(true);
    /** Where the connections are opened that Node does not build. */
    this.scope = new Scope(false);

    noteServer(server);

    const { close } = handle;

    this._onAny = (err, accepted) => this._onAccepted(err, accepted);
    handle.onconnection = this._onAny;
    handle.close = (...args) => {
      this._take(false);
      this._place.close();
      taker.close();
      this._scope.close();
      this.scope.close();
      return close.apply(handle, args);
    };
  }

  /**
   * Whether clients of this process are on their way. They see the order in which
   * both ends open, so libuv is to take the connections then, which it does one by
   * one, and their requests are to be read in the turn of the loop after that.
   */
  get isAwaited() {
    return this._place.isAwaited;
  }

  /**
   * Has Node build a connection, as if it had just come.
   *
   * @param {Number} id The native half, which is freed
   * @param {Object|Function} handle What `receive()` got
   * @param {String} why Why, in a word
   */
  giveToNode(id, handle, why) {
    const given = handle === this._Handle ? makeHandle(id, handle) : handle;

    native.connectionFree(id);
    this._give(0, given, why);
  }

  _give(err, handle, why) {
    noteWhyNode(handle, why);
    this._scope.run(() => this._onconnection.call(this._handle, err, handle));
  }

  /**
   * Has a connection opened that Node did not build.
   *
   * @param {LightSocket} socket Its socket
   * @param {String} head The head of its request
   * @param {Function} upgrade `(request, socket)`: opens it
   * @param {Function} isLeft Whether the program threw, or left the connection
   *     alone: its client is then to be noticed when it goes
   */
  open(socket, head, upgrade, isLeft) {
    const request = makeRequest(head, socket, this._server);

    Light.lengthOfRequest = head.length;
    this.scope.run(() => {
      try {
        upgrade(request, socket);
      } finally {
        if (isLeft()) materialize(socket);
      }
    });
  }

  /** Whether somebody else, as another server that listens on the same handle, gets what comes. */
  get _isReplaced() {
    return this._handle.onconnection !== this._onAny;
  }

  /** Node has accepted one, or could not. */
  _onAccepted(err, handle) {
    // Node calls for the handle, in its context: that of `listen()`. The first one always comes here.
    this._scope.note();
    this.scope.note();

    const why =
      err || !handle || !(handle.fd >= 0)
        ? 'descriptor'
        : this._taker.objection();
    const id = why === null ? native.acceptBorrow(handle.fd) : undefined;

    if (id === undefined) {
      noteWhyNode(handle, why ?? 'descriptor');
      this._onconnection.call(this._handle, err, handle);
      return;
    }

    if (!this._isReplaced) this._take(!this.isAwaited);
    this._setOptions(handle);
    this._taker.receive(id, handle);
  }

  /** One was taken. */
  _onTaken(id) {
    keepContext();

    if (this._isReplaced) {
      const handle = makeHandle(id, this._Handle);

      native.connectionFree(id);
      this._take(false);
      this._scope.run(() => this._handle.onconnection(0, handle));
      return;
    }

    const why = this._taker.objection();

    if (why !== null) {
      // What is to have a handle gets it from libuv for less.
      this._take(false);
      this.giveToNode(id, this._Handle, why);
    } else if (this._needsHandle()) {
      const handle = makeHandle(id, this._Handle);

      this._setOptions(handle);
      this._taker.receive(id, handle);
    } else {
      this._taker.receive(id, this._Handle);
    }
  }

  /**
   * Whether connections are taken before libuv takes them and Node makes a handle for
   * each. The kernel tells whoever watches last first: so from the first one on.
   */
  _take(isTo) {
    if (isTo === this._isTaking) return;

    if (isTo) {
      this._isTaking = this._fd >= 0 && native.acceptListen(this._fd) === 1;
      if (this._isTaking) acceptors.set(this._fd, (id) => this._onTaken(id));
    } else {
      this._isTaking = false;
      native.acceptLeave(this._fd);
      acceptors.delete(this._fd);
    }
  }

  /** Whether something is to be set that only a handle can. */
  _needsHandle() {
    const { prototype } = this._Handle;

    return (
      (this._server.keepAlive && prototype.setKeepAlive !== undefined) ||
      (!this._hasNoDelay && prototype.setNoDelay !== undefined)
    );
  }

  /** What Node's server sets on the sockets that it makes. */
  _setOptions(handle) {
    const { keepAlive, keepAliveInitialDelay } = this._server;

    if (!this._hasNoDelay && handle.setNoDelay) handle.setNoDelay(true);
    if (keepAlive && handle.setKeepAlive) {
      handle.setKeepAlive(true, keepAliveInitialDelay);
    }
  }
}

/** Where it listens, whatever the program has made of `address()`. */
function addressOf(server) {
  return net.Server.prototype.address.call(server);
}

/**
 * Linux gives what it accepts the listening socket's `TCP_NODELAY`: a system call
 * less for each.
 *
 * @return {Boolean} Whether that was set, as Node would set it on each as well
 */
function setNoDelay(server, listening) {
  return (
    process.platform === 'linux' &&
    server.noDelay === true &&
    listening.setNoDelay !== undefined &&
    listening.setNoDelay(true) === 0
  );
}

module.exports = Listening;

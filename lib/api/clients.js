'use strict';

/** On one that is listed: its neighbours, or `null`. */
const kNext = Symbol('ws-rs.next');
const kPrevious = Symbol('ws-rs.previous');

/**
 * The connections of a server. Until the program asks for `clients` they are a
 * linked list: a `Set` that many come to and go from is rebuilt all the time,
 * and each of its old tables keeps those that were in it until V8 collects all
 * of the heap.
 */
class Clients {
  /**
   * @param {WebSocketServer} server The server, which gets the property `clients`
   * @param {Boolean} areKept Whether they are to be in there; the program may put
   *     a `Set` of its own there if not
   */
  constructor(server, areKept) {
    this._server = server;
    this._isListed = areKept;
    this._first = null;
    this._last = null;
    this._size = 0;
    this._get = undefined;

    if (areKept) this._define();
    else become(server, undefined);
  }

  /** How many there are; `undefined` if nobody knows. */
  get size() {
    return this._mayList() ? this._size : this._server.clients?.size;
  }

  /**
   * @param {WebSocket} websocket One more
   * @return {Boolean} Whether it is kept, and is to be deleted
   */
  add(websocket) {
    // A program's class may give the same one twice, which only a `Set` can
    // have.
    if (this._mayList() && websocket[kPrevious] === undefined) {
      this._append(websocket);
      return true;
    }

    const { clients } = this._server;

    if (!clients) return false;

    clients.add(websocket);
    return true;
  }

  /** @param {WebSocket} websocket One that `add()` has kept */
  delete(websocket) {
    if (!this._mayList()) {
      this._server.clients.delete(websocket);
      return;
    }

    const previous = websocket[kPrevious];
    const next = websocket[kNext];

    // The program may say more than once that one is closed.
    if (previous === undefined) return;
    if (previous === null) this._first = next;
    else previous[kNext] = next;
    if (next === null) this._last = previous;
    else next[kPrevious] = previous;
    leave(websocket);
    this._size--;
  }

  /** @return {Iterable<WebSocket>|undefined} Those that are kept, if any are to be */
  all() {
    return this._mayList() ? this._toArray() : this._server.clients;
  }

  _append(websocket) {
    websocket[kPrevious] = this._last;
    websocket[kNext] = null;
    if (this._last === null) this._first = websocket;
    else this._last[kNext] = websocket;
    this._last = websocket;
    this._size++;
  }

  _toArray() {
    const websockets = [];

    for (let each = this._first; each !== null; each = each[kNext]) {
      websockets.push(each);
    }

    return websockets;
  }

  /** Whether the program has neither asked for `clients` nor put its own there. */
  _mayList() {
    if (!this._isListed) return false;

    const descriptor = Object.getOwnPropertyDescriptor(this._server, 'clients');

    if (descriptor !== undefined && descriptor.get === this._get) return true;

    this._leaveList();
    return false;
  }

  _leaveList() {
    const websockets = this._toArray();

    websockets.forEach(leave);
    this._isListed = false;
    this._first = null;
    this._last = null;
    return websockets;
  }

  /** Makes a `Set` of them as soon as somebody asks. */
  _define() {
    const server = this._server;
    let set;

    this._get = () => {
      // Of a frozen server it stays a getter.
      if (set === undefined) {
        set = new Set(this._leaveList());
        become(server, set);
      }

      return set;
    };

    Object.defineProperty(server, 'clients', {
      __proto__: null,
      configurable: true,
      enumerable: true,
      get: this._get,
      set: (value) => {
        this._leaveList();
        become(server, value);
      }
    });
  }
}

/**
 * Takes one off the list, and keeps it from holding those that came behind it.
 */
function leave(websocket) {
  websocket[kPrevious] = undefined;
  websocket[kNext] = undefined;
}

/** Makes of `clients` what it is with ws. */
function become(server, value) {
  Reflect.defineProperty(server, 'clients', {
    __proto__: null,
    configurable: true,
    enumerable: true,
    value,
    writable: true
  });
}

module.exports = Clients;

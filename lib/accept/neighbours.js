'use strict';

const native = require('../native');
const { expectBothEnds } = require('../wire/ends');

/**
 * Servers of this process, and its own clients that are on their way to them. Who
 * has both ends sees which of them comes first; two processes have no such order.
 */

/** Names of this machine for itself. */
const OWN_HOST = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

/** Where servers listen, by port or path. */
const places = new Map();
/** How many clients are on their way to any. */
let awaited = 0;

/** Where a server listens. */
class Place {
  /**
   * @param {Object|String|null} address What `server.address()` says
   * @param {Function} onAwaited Called when the first of some clients is on its way
   */
  constructor(address, onAwaited) {
    this._name = address?.port ?? address;
    this._onAwaited = onAwaited;
    this._count = 0;
    places.set(this._name, this);
  }

  /** Whether clients of this process are on their way to it. */
  get isAwaited() {
    return this._count > 0;
  }

  close() {
    // Another server may listen on the same port, at another address.
    if (places.get(this._name) === this) places.delete(this._name);
  }

  /** @return {Function} To be called once, when a client is open or has failed */
  expect() {
    if (this._count++ === 0) this._onAwaited();
    if (awaited++ === 0) native.loopPairs(true);

    return () => {
      this._count--;
      if (--awaited === 0) native.loopPairs(false);
    };
  }
}

/**
 * A client is on its way.
 *
 * @param {import('../handshake/client-url').Target} target Where to
 * @return {Function|null} See `Place#expect()`; `null`: no server of this process
 *     is there
 */
function approach({ hostname, port, socketPath }) {
  if (socketPath === undefined && !OWN_HOST.test(hostname)) return null;
  // Its server may be one that Node takes connections for.
  expectBothEnds();

  const place = places.get(socketPath ?? Number(port));

  return place === undefined ? null : place.expect();
}

module.exports = { Place, approach };

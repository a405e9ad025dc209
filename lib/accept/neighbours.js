'use strict';

const native = require('../native');
const { expectBothEnds } = require('../wire/ends');

/**
 * Servers of this process, and the clients of this process that are on their
 * way to them. A program that has both ends sees which of them opens first; of
 * two processes there is no such order.
 */

/**
 * Names of this machine for itself, as a URL has them. Linux connects the
 * unspecified addresses (`0.0.0.0` and `::`) to this machine, too.
 */
const OWN_HOST =
  /^(localhost\.?|0\.0\.0\.0|127\.\d+\.\d+\.\d+|::1?|::ffff:7f[\da-f]{2}:[\da-f]+)$/;

/** On a request that is on its way to this machine: its `Way`, until it has arrived. */
const kWay = Symbol('ws-rs.way');

/** By port or path, as long as somebody is there or on the way. */
const ways = new Map();
/** How many of them lead clients of this process to servers of this process. */
let busy = 0;

/** Where a server listens. */
class Place {
  /**
   * @param {Object|String|null} address What `server.address()` says
   * @param {Function} onAwaited Called when the first of some clients is on its
   *     way; some may be already
   */
  constructor(address, onAwaited) {
    this.onAwaited = onAwaited;
    this._way = wayTo(address?.port ?? address);
    this._way.places.add(this);
    this._way.look();
  }

  /** Whether clients of this process are on their way to it. */
  get isAwaited() {
    return this._way.count > 0;
  }

  close() {
    // A handle may be closed again, when its port is somebody else's.
    if (this._way.places.delete(this)) this._way.look();
  }
}

/** What leads to a port or path. */
class Way {
  constructor(name) {
    this._name = name;
    this._isBusy = false;
    /** How many clients are on it, whoever listens there or is about to. */
    this.count = 0;
    /** Where it leads to: servers may listen on the same port at several addresses. */
    this.places = new Set();
  }

  begin() {
    if (this.count++ > 0) return;

    for (const place of this.places) place.onAwaited();
    this.look();
  }

  end() {
    if (--this.count === 0) this.look();
  }

  /** Clients are on it now, or servers there, or not any more. */
  look() {
    const isLedTo = this.places.size > 0;
    const isBusy = isLedTo && this.count > 0;

    if (isBusy !== this._isBusy) {
      this._isBusy = isBusy;
      busy += isBusy ? 1 : -1;
      native.loopPairs(busy > 0);
    }

    if (!isLedTo && this.count === 0) ways.delete(this._name);
  }
}

function wayTo(name) {
  let way = ways.get(name);

  if (way === undefined) {
    way = new Way(name);
    ways.set(name, way);
  }

  return way;
}

/**
 * A client is on its way, to a server that may only listen later. What does not go
 * to this machine is nobody's affair.
 *
 * @param {http.ClientRequest} request Its request
 * @param {import('../handshake/client-url').Target} target Where to
 */
function approach(request, { hostname, port, socketPath }) {
  if (socketPath === undefined && !OWN_HOST.test(hostname)) return;
  // Its server may be one that Node takes connections for.
  expectBothEnds();

  const way = wayTo(socketPath ?? Number(port));

  request[kWay] = way;
  way.begin();
}

/**
 * The client is open, or has failed, or given up.
 *
 * @param {http.ClientRequest} request Its request
 */
function arrive(request) {
  const way = request[kWay];

  if (!way) return;

  request[kWay] = null;
  way.end();
}

module.exports = { Place, approach, arrive };

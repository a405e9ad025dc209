'use strict';

const { BrokerAdapter } = require('./broker-adapter');
const RedisServer = require('./redis-server');
const { slotOf } = require('./redis-slot');
const SlotQueue = require('./redis-slot-queue');
const RedisSubscription = require('./redis-subscription');
const timers = require('../timers');

const { isMoved } = RedisServer;

/** In how many ms is looked again who has which slots: when all is well, ... */
const REGULARLY = 10_000;
/** ... when a server cannot be reached, ... */
const WHILE_AWAY = 500;
/** ... and when a server says that what is known is old. */
const SOON = 50;

/**
 * Errors that pass: of a server that starts, or has not found the others yet.
 */
const PASSING = /^(?:CLUSTERDOWN|LOADING|MASTERDOWN|TRYAGAIN) /;

/**
 * Exchanges messages over the sharded pub/sub of a cluster: each channel is that
 * of the master that has its slot.
 *
 * There is a `RedisServer` for each master. Slots may go from one to another, and
 * masters come and go: channels are subscribed to where they are now.
 */
class RedisCluster extends BrokerAdapter {
  /**
   * @param {Object} map Of redis-map.js
   * @param {Object} client The program's, of the package that `map` is for
   */
  constructor(map, client) {
    super();
    this._map = map;
    this._client = client;
    /** Masters by address. */
    this._servers = new Map();
    /** Addresses by slot; `null` until it is known for the first time. */
    this._owners = null;
    /** What is wanted, by channel. */
    this._entries = new Map();
    /** By slot, what waits as its channels are moved. */
    this._queues = new Map();
    /** Servers that say that the cluster is down. */
    this._unwell = new Set();
    /** Servers that may have ended subscriptions. */
    this._doubted = new Set();
    this._isLooking = false;
    /** Those who wait for the next look. */
    this._looked = [];
    this._timer = null;
    /** In how many ms the timer fires. */
    this._after = 0;
    /** In how many ms to look again, as far as is known while we look. */
    this._next = REGULARLY;
    this._isStarted = false;
    this._started = new Promise((resolve) => {
      this._start = resolve;
    });
    // Before whoever waits for it: what is published then comes behind what waits.
    this._started.then(() => {
      this._isStarted = true;
    });
    this._look();
  }

  publish(channel, bytes) {
    return this._isStarted
      ? this._publish(channel, bytes)
      : this._started.then(() => this._publish(channel, bytes));
  }

  /** Waits for as long as the channel's server is away. */
  subscribe(channel, listener) {
    const entry = new RedisSubscription(channel, listener);

    this._entries.set(channel, entry);
    this._settle(entry);
    return entry.subscribed;
  }

  async unsubscribe(channel) {
    const entry = this._entries.get(channel);

    if (entry === undefined) return;

    entry.isGone = true;
    this._entries.delete(channel);

    if (!entry.isBusy) {
      await entry.leave();
      return;
    }

    // A caller that subscribes at this moment sees it; one that subscribes
    // again has to come behind it.
    await new Promise((resolve) => {
      entry.left = resolve;
    });
  }

  async close() {
    this._isClosed = true;
    timers.clearInterval(this._timer);
    this._start();
    this._endLook();
    for (const entry of this._entries.values()) entry.resolve();
    this._entries.clear();
    await Promise.all(
      [...this._servers.values()].map((server) => server.close())
    );
  }

  /** A server has no subscriptions any more. */
  onforgotten(server) {
    for (const entry of this._entries.values()) {
      if (entry.server === server) entry.server = null;
    }
  }

  /** A server has ended subscriptions, and we may not know which. */
  onmoved(server) {
    this._doubted.add(server);
    this._lookIn(SOON);
  }

  /** Resolves when it has been looked who has which slots, beginning now. */
  look() {
    return new Promise((resolve) => {
      this._looked.push(resolve);
      this._lookIn(SOON);
    });
  }

  _publish(channel, bytes) {
    const slot = slotOf(channel);
    const queue = this._queues.get(slot);

    if (queue !== undefined) return queue.add({ bytes, channel, moves: 0 });
    return this._send(slot, { bytes, channel, moves: 0 });
  }

  _send(slot, message) {
    const server = this._ownerOf(slot);

    if (server === undefined) {
      this._wait(ownerless(slot));
      return undefined;
    }

    return server.publish(message.channel, message.bytes)?.catch((err) => {
      if (PASSING.test(err?.message)) this._wait(err, server);
      else if (!isMoved(err) || this._isClosed) throw err;
      else return this._sendAgain(slot, server, message, err);
      return undefined;
    });
  }

  /** A server has refused a message: it is sent to that which has the slot now. */
  _sendAgain(slot, server, message, err) {
    let queue = this._queues.get(slot);

    if (queue === undefined) {
      queue = new SlotQueue(this, server, {
        onready: () => this._queues.delete(slot),
        send: (one) => this._send(slot, one)
      });
      this._queues.set(slot, queue);
    }

    return queue.takeBack(message, err);
  }

  _ownerOf(slot) {
    const address = this._owners?.[slot];

    return address === undefined ? undefined : this._servers.get(address);
  }

  /** Looks again, later; what comes first counts. */
  _lookIn(ms) {
    if (this._isClosed) {
      this._endLook();
      return;
    }
    if (this._isLooking) {
      this._next = Math.min(this._next, ms);
      return;
    }

    if (this._timer !== null) {
      if (this._after <= ms) return;
      timers.clearInterval(this._timer);
    }

    this._after = ms;
    this._timer = timers.setInterval(() => this._look(), ms);
  }

  async _look() {
    if (this._timer !== null) timers.clearInterval(this._timer);
    this._timer = null;
    this._isLooking = true;
    this._next = REGULARLY;

    const looked = this._looked.splice(0);

    try {
      const found = await this._map.look(this._client);

      if (!this._isClosed) this._take(found);
      for (const server of this._unwell) {
        if (await server.isWell()) this._unwell.delete(server);
      }
    } catch (err) {
      this._next = Math.min(this._next, WHILE_AWAY);
      // Servers that are there may go on.
      if (this._owners === null) {
        this._lost(err);
        this._start();
      }
    }

    this._isLooking = false;
    for (const resolve of looked) resolve();
    this._check();
  }

  _endLook() {
    for (const resolve of this._looked.splice(0)) resolve();
  }

  /** What is known now. */
  _take({ clients, owners }) {
    for (const [address, client] of clients) {
      if (!this._servers.has(address)) this._open(address, client);
    }

    this._owners = owners;
    this._start();

    for (const entry of this._entries.values()) {
      if (this._doubted.has(entry.server)) entry.isDoubted = true;
    }
    this._doubted.clear();

    for (const [address, server] of this._servers) {
      if (clients.has(address)) continue;

      this._servers.delete(address);
      this._unwell.delete(server);
      this.onforgotten(server);
      server.close().catch(() => {});
    }

    this._settleAll();
  }

  _open(address, client) {
    const server = new RedisServer(this._map.Connection, client, true, this);

    this._servers.set(address, server);
    server.on('error', (err) => {
      if (this._servers.get(address) !== server) return;
      if (server.isAway) this._wait(err.cause);
      else this.emit('error', err);
    });
    server.on('reconnect', () => {
      for (const entry of this._entries.values()) {
        if (entry.refusedBy === server) entry.refusedBy = null;
      }
      this._settleAll();
      this._check();
    });
  }

  _settleAll() {
    for (const entry of this._entries.values()) this._settle(entry);
  }

  /** Has a channel subscribed to where it is now. */
  async _settle(entry) {
    const { channel, listener, slot } = entry;

    if (entry.isBusy || this._owners === null) return;
    entry.isBusy = true;

    let server;

    try {
      for (;;) {
        server = this._ownerOf(slot);

        if (entry.isGone || (server === entry.server && !entry.isDoubted)) {
          break;
        }
        if (server !== undefined && server === entry.refusedBy) break;
        if (server !== entry.server) entry.moveAway();
        entry.isDoubted = false;
        if (server === undefined) this._wait(ownerless(slot));
        if (server === undefined || server.isAway) break;
        await server.subscribe(channel, listener);
        entry.refusedBy = null;
        // If that was lost meanwhile, it says so itself.
        if (!server.isAway) entry.server = server;
      }

      if (entry.isGone) await entry.leave();
    } catch (err) {
      this._refused(entry, server, err);
    }

    entry.isBusy = false;
    entry.left?.();
    if (entry.server === null) return;

    entry.resolve();
    this._check();
  }

  _refused(entry, server, err) {
    if (err.code === 'WS_RS_BROKER_AWAY') return;

    if (isMoved(err)) {
      this._lookIn(SOON);
    } else if (PASSING.test(err.message)) {
      this._wait(err, server);
    } else if (this._entries.get(entry.channel) !== entry) {
      // Nobody wants it any more.
    } else if (entry.reject(err)) {
      this._entries.delete(entry.channel);
    } else {
      entry.refusedBy = server;
      entry.server = null;
      this.emit('error', err);
      this._check();
    }
  }

  /** Something cannot be reached, and is tried again. */
  _wait(err, unwell) {
    if (unwell !== undefined) this._unwell.add(unwell);
    this._lost(err);
    this._lookIn(WHILE_AWAY);
  }

  /** Is all there? */
  _check() {
    if (this._isClosed || this._isLooking) return;

    const isWhole =
      this._owners !== null &&
      this._unwell.size === 0 &&
      [...this._servers.values()].every((server) => !server.isAway) &&
      this._isSettled();

    if (isWhole) this._found();
    this._lookIn(isWhole ? this._next : Math.min(this._next, WHILE_AWAY));
  }

  _isSettled() {
    for (const { isDoubted, refusedBy, server } of this._entries.values()) {
      if (refusedBy === null && (server === null || isDoubted)) return false;
    }
    return true;
  }
}

function ownerless(slot) {
  return new Error(
    `No server of the cluster has slot ${slot}: assign it to one (CLUSTER ` +
      'ADDSLOTS), or start its master or a replica of that'
  );
}

module.exports = RedisCluster;

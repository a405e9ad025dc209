'use strict';

/**
 * How often a message may be refused with `MOVED` before it is given up: two servers
 * that name each other would have it go back and forth for ever.
 */
const MOST_MOVES = 40;

/**
 * The messages of a slot that goes from one server to another, in order: those
 * that the old one has refused come before those that are published meanwhile.
 */
class SlotQueue {
  /**
   * @param {RedisCluster} cluster Whose
   * @param {RedisServer} server Which has refused one
   * @param {Object} handlers `onready()`: there is none more to wait for,
   *     `send(message)`
   */
  constructor(cluster, server, { onready, send }) {
    this._refused = [];
    this._later = [];
    this._run(cluster, server, onready, send);
  }

  /** @return {Promise} As that of the message that is sent for it */
  add(message) {
    return push(this._later, message);
  }

  /** As `add()`, for a message that was sent. */
  takeBack(message, err) {
    if (++message.moves > MOST_MOVES) return Promise.reject(err);

    return push(this._refused, message);
  }

  async _run(cluster, server, onready, send) {
    // Those that are under way are refused, too.
    await server.settle();
    await cluster.look();
    onready();

    for (const { message, resolve } of [...this._refused, ...this._later]) {
      resolve(send(message));
    }
  }
}

function push(list, message) {
  return new Promise((resolve) => list.push({ message, resolve }));
}

module.exports = SlotQueue;

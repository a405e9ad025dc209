'use strict';

const { slotOf } = require('./redis-slot');

/** A channel that is wanted of a cluster, wherever that has it. */
class RedisSubscription {
  constructor(channel, listener) {
    this.channel = channel;
    this.listener = listener;
    this.slot = slotOf(channel);
    /** The server that has it, with our subscription. */
    this.server = null;
    /** The server that refuses it; asked again when that was away. */
    this.refusedBy = null;
    this.isBusy = false;
    /** Whether the server may have ended the subscription. */
    this.isDoubted = false;
    this.isGone = false;
    /** Called when it is left, if that takes a while. */
    this.left = null;
    this._isKnown = false;
    this._subscribed = new Promise((resolve, reject) => {
      this._resolve = resolve;
      this._reject = reject;
    });
  }

  /** Settled when it is subscribed to for the first time, or refused. */
  get subscribed() {
    return this._subscribed;
  }

  resolve() {
    this._isKnown = true;
    this._resolve();
  }

  /** @return {Boolean} Whether it tells anybody: who subscribed may know otherwise */
  reject(err) {
    this._reject(err);
    return !this._isKnown;
  }

  /**
   * A server that has not got a slot any more ends the subscriptions itself, but one
   * that is a replica now goes on, and its messages are to come once. It is not asked
   * to end them: `redis` 5.12 would take one answer for the other.
   */
  moveAway() {
    this.server?.forget(this.channel);
    this.server = null;
  }

  /** Ends it. A server that is away, or has moved it, has forgotten it. */
  async leave() {
    const { channel, server } = this;

    this.server = null;
    await server?.unsubscribe(channel).catch(() => {});
  }
}

module.exports = RedisSubscription;

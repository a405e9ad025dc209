'use strict';

const { kConnection } = require('../members');
const native = require('../native');
const slotOf = require('../wire/slot');

/** Those that subscribe to something, by the slots of their native halves. */
const members = [];

/**
 * A connection that subscribes to topics: tells its native half whether what is
 * published may be sent on it with nobody looking.
 */
class Member {
  /**
   * @param {WebSocket} websocket An open one of this copy
   * @return {Member} That of its connection, made when it is first asked for
   */
  static of(websocket) {
    const { output } = websocket[kConnection];

    output.member ??= new Member(websocket, output);
    return output.member;
  }

  /**
   * @param {WebSocket} websocket Any one, or something else
   * @return {Number} The native half of one that ever was a subscriber, or -1
   */
  static idOf(websocket) {
    return websocket?.[kConnection]?.output.member?.id ?? -1;
  }

  /**
   * @param {Number} id A native half
   * @return {WebSocket|undefined} Whose it is, if that is a member
   */
  static websocketOf(id) {
    return members[slotOf(id)]?.websocket;
  }

  constructor(websocket, output) {
    this.websocket = websocket;
    this.id = output.id;
    // Others are masked or compressed, which the native half cannot do by
    // itself.
    this._isPlain = websocket._isServer && websocket[kConnection].isPlain;
    this._takes = false;
    this._leaving = null;
    members[slotOf(this.id)] = this;
    this.setIdle(output.isFree);
  }

  /** Whether it is neither within a fragmented message nor reading a `Blob`. */
  setIdle(isIdle) {
    const takes = isIdle && this._isPlain;

    if (takes === this._takes) return;

    this._takes = takes;
    native.connectionShares(this.id, takes);
  }

  /** A close frame is sent, behind which nothing may follow. */
  close() {
    this.setIdle(false);
    this._isPlain = false;
  }

  /** Has a function called with the id before the native half is freed. */
  whenLeaving(callback) {
    this._leaving ??= new Set();
    this._leaving.add(callback);
  }

  /** The native half is about to be freed, and with it its subscriptions. */
  free() {
    members[slotOf(this.id)] = undefined;
    if (this._leaving === null) return;
    for (const callback of this._leaving) callback(this.id);
    this._leaving = null;
  }
}

module.exports = Member;

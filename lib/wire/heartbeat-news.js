'use strict';

/** What the heartbeat is told of connections on I/O threads. */
const heartbeatNews = {
  /** A thread no longer looks after a peer, and the heartbeat has to. */
  onReclaimed() {},

  /**
   * A thread has found a peer dead.
   *
   * @param {WebSocket} websocket Whose peer it is
   * @param {Number} id Its native half
   */
  onDead(websocket, id) {}
};

module.exports = heartbeatNews;

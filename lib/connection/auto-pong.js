'use strict';

/**
 * Answers pings by itself (RFC 6455, section 5.5.3), as long as the peer takes
 * the answers.
 */
class AutoPong {
  /** @param {WebSocket} websocket Who answers, through its `pong()` */
  constructor(websocket) {
    this._websocket = websocket;
    this._pending = 0;
    this._onSent = () => {
      this._pending--;
    };
  }

  /**
   * Sends a pong, or terminates the connection if `maxPendingAutoPongs` of them
   * have not been written yet: a peer that pings and does not read must not
   * fill the memory.
   *
   * @param {Buffer} data The payload of the ping
   */
  answer(data) {
    const websocket = this._websocket;
    const max = websocket._maxPendingAutoPongs;

    if (max > 0 && this._pending >= max) {
      websocket.terminate();
      return;
    }

    this._pending++;
    websocket.pong(data, !websocket._isServer, this._onSent);
  }
}

module.exports = AutoPong;

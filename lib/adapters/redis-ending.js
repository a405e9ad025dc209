'use strict';

/**
 * Ends a client of the package `redis`. One that is destroyed while its socket is
 * being connected gets the socket all the same, keeps it, and the process alive
 * (5.12, 6.3): it is destroyed when it has it, or cannot have it.
 */
class RedisEnding {
  /** @param {Object} client Before its `connect()` */
  constructor(client) {
    this._client = client;
    this._isAwaited = true;
    this._isWanted = false;
    client.on('reconnecting', () => {
      this._isAwaited = true;
    });
    for (const event of ['connect', 'error', 'ready']) {
      client.on(event, () => this._settled());
    }
  }

  /** Fails all that has no answer yet. */
  end() {
    this._isWanted = true;
    if (!this._isAwaited && this._client.isOpen) this._client.destroy();
  }

  _settled() {
    this._isAwaited = false;
    if (this._isWanted) this.end();
  }
}

module.exports = RedisEnding;

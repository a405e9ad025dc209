'use strict';

const LightConnection = require('./light-connection');
const native = require('../native');

/**
 * A connection of a server on which nothing happens, and that speaks TLS: its
 * native half is there from the handshake on.
 */
class TlsConnection extends LightConnection {
  /**
   * @param {https.Server} server The server
   * @param {TlsHandle} handle In the place of Node's handle
   */
  constructor(server, handle) {
    super(server, handle);
  }

  accept(...args) {
    const { handle } = this;

    if (native.tlsOpen(handle.id, ...args) !== 1) return undefined;

    handle.isConnected = true;
    return handle.id;
  }

  built(socket) {
    this.handle.socket = socket;
  }
}

module.exports = TlsConnection;

'use strict';

const LightConnection = require('./light-connection');

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
    super(server, handle, handle.id);
  }

  open(...args) {
    const isOpen = super.open(...args);

    if (isOpen) this.handle.isConnected = true;

    return isOpen;
  }

  built(socket) {
    this.handle.socket = socket;
  }
}

module.exports = TlsConnection;

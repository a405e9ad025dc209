'use strict';

const { abortHandshake } = require('../handshake/client-failure');
const { CLOSED, CLOSING, CONNECTING } = require('../constants').READY_STATE;
const diagnostics = require('../diagnostics');
const heartbeat = require('../connection/heartbeat');
const {
  kConnection,
  kEmitErrorOnce,
  kNegotiated,
  kOutput,
  kSetCloseTimer
} = require('../members');

/** What ends a `WebSocket`. Meant to be copied onto its prototype. */
const closing = {
  /**
   * Begins the closing handshake (RFC 6455, section 7.1.2).
   *
   * @param {Number} [code] The status code
   * @param {(String|Uint8Array)} [data] The reason, at most 123 bytes
   * @throws {TypeError|RangeError} A code or reason that may not be sent
   */
  close(code, data) {
    if (this.readyState === CLOSED) return;

    if (this.readyState === CONNECTING) {
      abort(this);
      return;
    }

    if (this.readyState === CLOSING) {
      if (this._closeFrameSent) endIfClosed(this);
      return;
    }

    this._sender.close(code, data, !this._isServer, (err) => {
      // The socket's 'error' event reports it.
      if (err) return;

      this._closeFrameSent = true;
      endIfClosed(this);
    });

    this._readyState = CLOSING;
    this[kSetCloseTimer]();
  },

  /** Destroys the connection without a closing handshake. */
  terminate() {
    if (this.readyState === CLOSED) return;

    if (this.readyState === CONNECTING) {
      abort(this);
      return;
    }

    // Without a socket the handshake has failed, and 'close' is on its way.
    if (!this._socket) return;

    this._readyState = CLOSING;
    this._socket.destroy();
  },

  /** @private */
  emitClose() {
    const output = this[kOutput];

    if (output) {
      const pmd = this[kNegotiated]?.['permessage-deflate'];

      if (pmd) pmd.cleanup();
      output.owner.free();
      output.isPlain = false;
    }

    this._readyState = CLOSED;

    const code = this._closeCode;
    const reason = this._closeMessage;

    if (diagnostics.close.hasSubscribers) {
      diagnostics.close.publish({ code, reason, websocket: this });
    }

    this.emit('close', code, reason);
  },

  [kSetCloseTimer]() {
    // From now on it is this timer that ends what takes too long.
    heartbeat.stop(this[kConnection].output.id);
    // The global one, as in ws: with fake timers a test drives it.
    // eslint-disable-next-line no-restricted-globals
    this._closeTimer = setTimeout(
      () => this._socket.destroy(),
      this._closeTimeout
    );
  },

  [kEmitErrorOnce](err) {
    if (this._errorEmitted) return;

    this._errorEmitted = true;
    diagnostics.publishError(this, err);
    this.emit('error', err);
  }
};

function abort(websocket) {
  abortHandshake(
    websocket,
    websocket._req,
    'WebSocket was closed before the connection was established'
  );
}

/** Ends TCP once both sides have closed, or ours has nothing to wait for. */
function endIfClosed(websocket) {
  if (websocket._closeFrameReceived || websocket[kConnection].failed) {
    websocket[kConnection].beforeEnd();
    websocket._socket.end();
  }
}

module.exports = closing;

'use strict';

const giveWhenAsked = require('./all-connections');
const native = require('../native');
const { END, HELLO } = require('../native/numbers').request;
const timers = require('../timers');
const { systemError, tlsError } = require('../wire/errors');
const { connections } = require('../wire/loop');
const Numbered = require('../wire/numbered');
const slotOf = require('../wire/slot');
const TlsHandle = require('../wire/tls-handle');
const trace = require('../wire/trace');

/**
 * How often is looked for connections that have waited for long, at most, in
 * milliseconds.
 */
const INTERVAL = 500;
/** How long a request is waited for at least, in all, before Node does. */
const PATIENCE = 500;

/** Connections of a server that are not open yet, from the first byte on. */
class Handshakes {
  /**
   * @param {https.Server} server Who counts them among its connections
   * @param {TlsContexts} contexts Its contexts
   * @param {Object} listeners `onRequest(handle, head)`, `onOther(handle, why)` for
   *     what else was asked, and `onError(handle, err)`
   */
  constructor(server, contexts, listeners) {
    this._server = server;
    this._contexts = contexts;
    this._listeners = listeners;
    this._all = new Numbered();
    this._timer = null;
    this._interval = intervalOf(contexts.handshakeTimeout);
    this._isWatched = false;
  }

  /**
   * @param {Object|Function} handleOrClass See `Light`
   * @param {Number} id The native half, which has begun
   */
  add(handleOrClass, id) {
    const handle = new TlsHandle(handleOrClass, id);
    const handshake = new Handshake(this, handle);

    if (trace.isEnabled()) handle.notePeer();

    if (!this._isWatched) {
      this._isWatched = true;
      giveWhenAsked(this._server, () => this._giveAll());
    }

    this._server._connections++;
    connections[slotOf(id)] = handshake;
    handshake.number = this._all.add(handshake);

    if (this._timer === null) {
      this._timer = timers.setInterval(() => this._look(), this._interval);
      this._timer.unref();
    }
  }

  /** There is something to look at. */
  arrived(handshake) {
    const { handle } = handshake;
    const request = native.tlsRequest(handle.id);

    if (request === HELLO) {
      this._choose(handshake);
    } else if (request === END) {
      this._remove(handshake);
      this._ended(handle, native.tlsError(handle.id));
    } else {
      this._remove(handshake);
      if (typeof request === 'string') {
        this._listeners.onRequest(handle, request);
      } else {
        this._listeners.onOther(handle, 'request');
      }
    }
  }

  /** The native half failed. */
  failed(handshake, err) {
    this._remove(handshake);
    this._listeners.onError(handshake.handle, err);
  }

  _choose(handshake) {
    const { id } = handshake.handle;

    const settle = (err, context) => {
      // It may have gone meanwhile.
      if (handshake.number === null) return;

      if (!err && native.tlsBegin(id, context) === 1) return;

      this.failed(
        handshake,
        err ?? new Error('TLS: the context for the server name is gone')
      );
    };

    try {
      this._contexts.find(native.tlsServerName(id), settle);
    } catch (err) {
      settle(err ?? new Error('TLS: "SNICallback" threw nothing'));
    }
  }

  _ended(handle, list) {
    const [isEstablished, errno] = list;
    const err =
      tlsError(list) ??
      (errno === undefined ? null : systemError(errno, 'read'));

    if (isEstablished === 1 && err === null) {
      // A peer that goes before it has said anything is no error.
      this._server._connections--;
      handle.close();
      this._server._emitCloseIfDrained();
    } else if (isEstablished === 1) {
      // No error of a handshake, which is over: it is the socket's.
      this._listeners.onOther(handle, 'silent');
    } else {
      this._listeners.onError(handle, err ?? disconnected());
    }
  }

  /**
   * Gives Node those whose handshake is through; of others its HTTP server
   * would not know either.
   */
  _giveAll() {
    // What a listener of the program's does may give others of them, too.
    for (const handshake of this._all) {
      const { handle } = handshake;
      const [isEstablished] = native.tlsError(handle.id);

      if (isEstablished === 1) {
        this._remove(handshake);
        this._listeners.onOther(handle, 'silent');
      }
    }
  }

  _remove(handshake) {
    this._all.take(handshake.number);
    handshake.number = null;
    connections[slotOf(handshake.handle.id)] = undefined;

    if (this._all.size === 0 && this._timer !== null) {
      timers.clearInterval(this._timer);
      this._timer = null;
    }
  }

  _look() {
    // What a listener does may end others of them.
    for (const handshake of this._all) {
      const { handle } = handshake;
      const [isEstablished] = native.tlsError(handle.id);
      // At least so much; the first look may come right behind the connection.
      const age = handshake.looks++ * this._interval;

      if (isEstablished === 1) {
        if (age >= PATIENCE) {
          this._remove(handshake);
          this._listeners.onOther(handle, 'silent');
        }
      } else if (age >= this._contexts.handshakeTimeout) {
        this.failed(handshake, timedOut());
      }
    }
  }
}

/** One of them, as the event loop calls it. */
class Handshake {
  constructor(handshakes, handle) {
    this._handshakes = handshakes;
    this.handle = handle;
    /** Among all that are not open yet; `null`: it is not among them any more. */
    this.number = null;
    /** How often somebody has looked whether it waits for too long. */
    this.looks = 0;
  }

  connect() {
    return this;
  }

  onRequest() {
    this._handshakes.arrived(this);
  }

  fail(err) {
    this._handshakes.failed(this, err);
  }
}

/** No handshake takes longer than it may by more than that. */
function intervalOf(handshakeTimeout) {
  return Number.isFinite(handshakeTimeout)
    ? handshakeTimeout / Math.ceil(handshakeTimeout / INTERVAL)
    : INTERVAL;
}

function disconnected() {
  const err = new Error(
    'The client disconnected before the TLS handshake was through'
  );

  err.code = 'ECONNRESET';
  return err;
}

function timedOut() {
  const err = new Error('TLS handshake timeout');

  err.code = 'ERR_TLS_HANDSHAKE_TIMEOUT';
  return err;
}

module.exports = Handshakes;

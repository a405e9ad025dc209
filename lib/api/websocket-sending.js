'use strict';

const { Buffer } = require('buffer');

const callbackOf = require('../connection/callback-of');
const { EMPTY_BUFFER, READY_STATE } = require('../constants');
const { BINARY, FIN, TEXT } = require('../native/numbers').frame;
const {
  kBackPressure,
  kConnection,
  kNegotiated,
  kOutput
} = require('../members');
const { notOpenError, sendAfterClose } = require('./not-open');
const { isSenderPatched } = require('../connection/patched-classes');
const { isBlobPayload, toPayload } = require('../connection/payload');

const hasOwn = Object.prototype.hasOwnProperty;

const { CONNECTING, OPEN } = READY_STATE;

/** What sends with a `WebSocket`. Meant to be copied onto its prototype. */
const sending = {
  /**
   * Sends a message.
   *
   * @param {*} data A string, bytes in any form, or a `Blob`
   * @param {Object} [options]
   * @param {Boolean} [options.binary] Whether it is binary; all but strings and
   *     numbers are
   * @param {Boolean} [options.compress=true] Whether it may be compressed
   * @param {Boolean} [options.fin=true] Whether it ends the message
   * @param {Boolean} [options.mask] Whether to mask it; clients do by default
   * @param {Function} [cb] Called when it is written
   * @throws {Error} The connection is not open yet
   * @throws {TypeError} `data` is of no type that can be sent
   */
  send(data, options, cb) {
    if (this.readyState === CONNECTING) throw notOpenError(this);

    if (typeof options === 'function') {
      cb = options;
      options = undefined;
    }

    if (typeof data === 'number') data = data.toString();

    if (this.readyState !== OPEN) {
      sendAfterClose(this, data, cb);
      return;
    }

    let isBinary = typeof data !== 'string';
    let isMasked = !this._isServer;
    let compress = true;
    let fin = true;

    // As in ws, options are an object's own, and one that is there and
    // `undefined` is false. A loop is faster than to look for each of them.
    if (typeof options === 'object') {
      for (const name in options) {
        if (!hasOwn.call(options, name)) continue;

        if (name === 'binary') isBinary = options.binary;
        else if (name === 'mask') isMasked = options.mask;
        else if (name === 'compress') compress = options.compress;
        else if (name === 'fin') fin = options.fin;
      }
    }

    const payload = toPayload(data || EMPTY_BUFFER);
    const output = this[kOutput] ?? outputOf(this);

    if (cb !== undefined && typeof cb !== 'function') {
      if (!isRefusedLater(this, payload)) cb = callbackOf(cb);
    }

    if (this[kBackPressure] !== null && fin) {
      if (!this[kBackPressure].admitsSend(payload, cb)) return;

      // A function "onBackpressure" may have closed it.
      if (this.readyState !== OPEN) {
        sendAfterClose(this, data, cb);
        return;
      }
    }

    if (
      output !== null &&
      fin &&
      output.isPlain &&
      output.isFree &&
      !isSenderPatched(output.sender)
    ) {
      const first = isBinary ? FIN | BINARY : FIN | TEXT;

      if (typeof payload === 'string') {
        output.text(payload, first, isMasked, undefined, cb);
        return;
      }

      if (Buffer.isBuffer(payload)) {
        output.bytes(payload, first, isMasked, undefined, cb);
        return;
      }
    }

    const { _sender: sender } = this;

    compress =
      !!compress && this[kNegotiated]?.['permessage-deflate'] !== undefined;

    if (isSenderPatched(sender)) {
      sender.send(
        data || EMPTY_BUFFER,
        { ...options, binary: isBinary, compress, fin, mask: isMasked },
        cb
      );
      return;
    }

    sender.sendMessage(payload, isBinary, compress, fin, isMasked, cb);
  },

  /**
   * Sends a ping (RFC 6455, section 5.5.2).
   *
   * @param {*} [data] The payload, at most 125 bytes
   * @param {Boolean} [mask] Whether to mask it; clients do by default
   * @param {Function} [cb] Called when it is written
   * @throws {Error} The connection is not open yet
   * @throws {RangeError|TypeError} The payload is too long, or no payload
   */
  ping(data, mask, cb) {
    sendControl(this, 'ping', data, mask, cb);
  },

  /** Sends a pong (RFC 6455, section 5.5.3); see `ping()`. */
  pong(data, mask, cb) {
    sendControl(this, 'pong', data, mask, cb);
  }
};

/**
 * Whether a callback that is no function is refused only when a blob has been
 * read, as with ws.
 */
function isRefusedLater(websocket, payload) {
  return (
    isBlobPayload(payload) &&
    websocket[kBackPressure] === null &&
    websocket[kNegotiated]?.['permessage-deflate'] === undefined
  );
}

/**
 * The outbox; looking at `kConnection` makes that of a connection that was
 * accepted natively.
 */
function outputOf(websocket) {
  return websocket[kConnection] === null ? null : websocket[kOutput];
}

function sendControl(websocket, method, data, mask, cb) {
  if (websocket.readyState === CONNECTING) throw notOpenError(websocket);

  if (typeof data === 'function') {
    cb = data;
    data = mask = undefined;
  } else if (typeof mask === 'function') {
    cb = mask;
    mask = undefined;
  }

  if (typeof data === 'number') data = data.toString();

  if (websocket.readyState !== OPEN) {
    sendAfterClose(websocket, data, cb);
    return;
  }

  if (mask === undefined) mask = !websocket._isServer;

  websocket._sender[method](data || EMPTY_BUFFER, mask, cb);
}

module.exports = sending;

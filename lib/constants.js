'use strict';

const { Buffer } = require('buffer');

/** `true` where the runtime has `Blob`, and so a `'blob'` binary type. */
const hasBlob = typeof Blob !== 'undefined';

/** The values accepted by `WebSocket#binaryType`. */
const BINARY_TYPES = ['nodebuffer', 'arraybuffer', 'fragments'];

if (hasBlob) BINARY_TYPES.push('blob');

module.exports = {
  BINARY_TYPES,

  /** How long the closing handshake may take by default, in milliseconds. */
  CLOSE_TIMEOUT: 30000,

  /**
   * What listeners get for every payload or close reason of zero bytes.
   * Programs compare it by identity, so there is only this one.
   */
  EMPTY_BUFFER: Buffer.alloc(0),

  /** Appended to the key of the opening handshake (RFC 6455, section 1.3). */
  GUID: '258EAFA5-E914-47DA-95CA-C5AB0DC85B11',

  hasBlob,

  /** Marks the listener that was set through `onopen`, `onmessage`, ... */
  kForOnEventAttribute: Symbol('ws-rs.forOnEventAttribute'),

  /** On a listener made by `addEventListener()`: the function it was given. */
  kListener: Symbol('ws-rs.listener'),

  /**
   * On a receiver's error: the close code to tell the peer. Programs print it with the
   * error, so it has the name that it has in ws.
   */
  kStatusCode: Symbol('status-code'),

  /** On a socket, receiver or sender: the `WebSocket` it belongs to. */
  kWebSocket: Symbol('ws-rs.webSocket'),

  NOOP: () => {},

  /** The values of `WebSocket#readyState`, by the names that the WHATWG gives them. */
  READY_STATE: { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 }
};

'use strict';

const {
  BINARY_TYPES,
  CLOSE_TIMEOUT,
  EMPTY_BUFFER,
  READY_STATE
} = require('../constants');
const { defineEventAttributes } = require('./event-attributes');
const {
  EventTarget: { addEventListener, removeEventListener }
} = require('./event-target');
const { kBackPressure, kHeartbeat, kNegotiated } = require('../members');
const closing = require('./websocket-closing');
const sending = require('./websocket-sending');

/** The options of a server's side that is made without any. */
const DEFAULTS = {
  autoPong: true,
  closeTimeout: CLOSE_TIMEOUT,
  maxPendingAutoPongs: 60
};

/**
 * Fields that few connections set, or none before its end. An idle one takes
 * half of the memory as they are not its own.
 */
const RARELY_SET = {
  _autoPong: DEFAULTS.autoPong,
  [kBackPressure]: null,
  _binaryType: BINARY_TYPES[0],
  _closeCode: 1006,
  _closeFrameReceived: false,
  _closeFrameSent: false,
  _closeMessage: EMPTY_BUFFER,
  _closeTimeout: DEFAULTS.closeTimeout,
  _closeTimer: null,
  _errorEmitted: false,
  [kHeartbeat]: null,
  _isServer: true,
  _maxPendingAutoPongs: DEFAULTS.maxPendingAutoPongs,
  [kNegotiated]: null,
  _paused: false,
  _protocol: ''
};

/**
 * Defines what is not written as a method of the class: ws's properties, listed
 * as they are there, and those that other files use.
 *
 * @param {Function} WebSocket The class
 */
function defineProperties(WebSocket) {
  for (const [name, value] of Object.entries(READY_STATE)) {
    const descriptor = { __proto__: null, enumerable: true, value };

    Object.defineProperty(WebSocket, name, descriptor);
    Object.defineProperty(WebSocket.prototype, name, descriptor);
  }

  for (const name of [
    'binaryType',
    'bufferedAmount',
    'extensions',
    'isPaused',
    'protocol',
    'readyState',
    'url'
  ]) {
    Object.defineProperty(WebSocket.prototype, name, {
      __proto__: null,
      enumerable: true
    });
  }

  const others = { ...closing, ...sending, ...RARELY_SET };

  for (const name of Reflect.ownKeys(others)) {
    Object.defineProperty(WebSocket.prototype, name, {
      __proto__: null,
      configurable: true,
      value: others[name],
      writable: true
    });
  }

  defineEventAttributes(WebSocket.prototype);

  WebSocket.prototype.addEventListener = addEventListener;
  WebSocket.prototype.removeEventListener = removeEventListener;

  // These are accessors, but programs may put properties of their own there.
  for (const name of ['_receiver', '_sender', 'transport']) {
    Object.defineProperty(WebSocket.prototype, name, {
      __proto__: null,
      set(value) {
        Object.defineProperty(this, name, {
          __proto__: null,
          configurable: true,
          enumerable: true,
          value,
          writable: true
        });
      }
    });
  }
}

/**
 * Gives a connection the fields of `RARELY_SET` as its own. Else they become
 * its own when they are first set, which cannot be if its prototype is frozen.
 *
 * @param {WebSocket} websocket The connection
 */
function giveRarelySet(websocket) {
  for (const name of Reflect.ownKeys(RARELY_SET)) {
    Object.defineProperty(websocket, name, {
      __proto__: null,
      configurable: true,
      enumerable: true,
      value: RARELY_SET[name],
      writable: true
    });
  }
}

module.exports = { DEFAULTS, defineProperties, giveRarelySet };

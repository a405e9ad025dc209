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
 * half of the memory as they are not its own. They are accessors, which make them its
 * own when they are set: fields of a prototype could not be set once that is frozen.
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

  const others = { ...closing, ...sending };

  for (const name of Reflect.ownKeys(others)) {
    Object.defineProperty(WebSocket.prototype, name, {
      __proto__: null,
      configurable: true,
      value: others[name],
      writable: true
    });
  }

  for (const name of Reflect.ownKeys(RARELY_SET)) {
    const value = RARELY_SET[name];

    defineReplaced(WebSocket.prototype, name, () => value);
  }

  defineEventAttributes(WebSocket.prototype);

  WebSocket.prototype.addEventListener = addEventListener;
  WebSocket.prototype.removeEventListener = removeEventListener;

  // Programs may put properties of their own there.
  for (const name of ['_receiver', '_sender', 'transport']) {
    const { prototype } = WebSocket;
    const { get } = Object.getOwnPropertyDescriptor(prototype, name);

    defineReplaced(prototype, name, get);
  }
}

/** Defines an accessor; who sets it has a property of its own in its place. */
function defineReplaced(prototype, name, get) {
  Object.defineProperty(prototype, name, {
    __proto__: null,
    configurable: true,
    get,
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

module.exports = { DEFAULTS, defineProperties };

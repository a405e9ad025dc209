'use strict';

const { kForOnEventAttribute, kListener } = require('../constants');

/**
 * Defines `onopen`, `onmessage`, `onerror` and `onclose`, as the WHATWG
 * interface has them: each holds one listener of its own, beside those that
 * were added by other ways.
 *
 * @param {Object} prototype Where to define them
 */
function defineEventAttributes(prototype) {
  for (const type of ['close', 'error', 'message', 'open']) {
    Object.defineProperty(prototype, `on${type}`, {
      configurable: true,
      enumerable: true,
      get() {
        return attributeListener(this, type);
      },
      set(listener) {
        setAttributeListener(this, type, listener);
      }
    });
  }
}

function attributeListener(websocket, type) {
  const listener = websocket
    .listeners(type)
    .find((candidate) => candidate[kForOnEventAttribute]);

  return listener ? listener[kListener] : null;
}

function setAttributeListener(websocket, type, listener) {
  const previous = websocket
    .listeners(type)
    .find((candidate) => candidate[kForOnEventAttribute]);

  if (previous) websocket.removeListener(type, previous);
  if (typeof listener !== 'function') return;

  websocket.addEventListener(type, listener, { [kForOnEventAttribute]: true });
}

module.exports = { defineEventAttributes };

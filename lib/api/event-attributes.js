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
      __proto__: null,
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
  return find(websocket, type)?.[kListener] ?? null;
}

function setAttributeListener(websocket, type, listener) {
  const previous = find(websocket, type);

  if (previous) websocket.removeListener(type, previous);
  if (typeof listener !== 'function') return;

  websocket.addEventListener(type, listener, { [kForOnEventAttribute]: true });
}

/** The one listener that the attribute holds. */
function find(websocket, type) {
  return websocket
    .listeners(type)
    .find((listener) => listener[kForOnEventAttribute]);
}

module.exports = { defineEventAttributes };

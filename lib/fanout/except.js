'use strict';

const { kConnection } = require('../members');

/**
 * Reads the option `except` of a message for many.
 *
 * @param {*} except A WebSocket or an iterable of WebSockets
 * @return {Set<WebSocket>|null} Whom to pass over
 * @throws {TypeError} It is nothing of these
 */
function readExcept(except) {
  if (except === undefined || except === null) return null;

  if (typeof except === 'object') {
    if (except instanceof Set) return except;
    if (kConnection in except || typeof except.readyState === 'number') {
      return new Set([except]);
    }
    if (Symbol.iterator in except) return new Set(except);
  }

  throw new TypeError(
    'The option "except" is a WebSocket, an iterable of WebSockets, or a ' +
      'function that is called with each and returns whether to pass it over'
  );
}

module.exports = readExcept;

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
    if (isWebSocket(except)) return new Set([except]);
    if (Symbol.iterator in except) {
      const all = new Set(except);

      for (const one of all) if (!isWebSocket(one)) throw foreign(one);
      return all;
    }
  }

  throw new TypeError(
    'The option "except" is a WebSocket, an iterable of WebSockets, or a ' +
      'function that is called with each and returns whether to pass it over'
  );
}

/**
 * Whether it may be passed over: a WebSocket of any package, or `undefined` and
 * `null`, which pass over nobody.
 */
function isWebSocket(one) {
  if (one === undefined || one === null) return true;

  return (
    typeof one === 'object' &&
    (kConnection in one || typeof one.readyState === 'number')
  );
}

function foreign(one) {
  return new TypeError(
    `The option "except" has something that is no WebSocket: ${typeof one}`
  );
}

/**
 * @param {WebSocket[]} websockets Who would get a message
 * @param {SharedMessage} message The message
 * @param {Function} except The option `except`
 * @return {WebSocket[]} Those that it does not pass over
 * @throws {TypeError} It does not say that at once
 */
function withoutThose(websockets, message, except) {
  // `except` may give the memory of the message away.
  message.keep();

  return websockets.filter((ws) => {
    const isPassedOver = except(ws);

    if (typeof isPassedOver?.then === 'function') {
      // A promise counts as true, so all of them would be passed over.
      isPassedOver.then(undefined, () => {});
      throw new TypeError(
        'The function "except" returns at once whether to pass a WebSocket over; ' +
          'this one gave a promise'
      );
    }

    return !isPassedOver;
  });
}

module.exports = { readExcept, withoutThose };

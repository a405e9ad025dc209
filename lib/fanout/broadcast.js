'use strict';

const given = require('../given');
const fanOut = require('./fan-out');
const { readExcept, withoutThose } = require('./except');
const SharedMessage = require('./message');

/**
 * Sends a message to many connections; see `WebSocketServer#broadcast()`.
 *
 * @param {Iterable<WebSocket>} websockets The connections
 * @param {*} data The message
 * @param {Object} [options] `binary`, `compress`, `except`
 * @return {Number} How many connections it was given to
 */
function broadcast(websockets, data, options) {
  const message = new SharedMessage(data, options);
  const except = given(options, 'except');

  if (typeof except === 'function') {
    // `except` may do anything, and throw: nothing is sent until it has been
    // asked about all.
    const to = withoutThose(Array.from(websockets), message, except);

    return fanOut(to, message, null);
  }

  return fanOut(websockets, message, readExcept(except));
}

module.exports = broadcast;

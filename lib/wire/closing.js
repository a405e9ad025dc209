'use strict';

const native = require('../native');
const Numbered = require('./numbered');

/** What is to be called when sockets are closed for which Node is not to call. */
const closing = new Numbered();

/**
 * Calls back when Node would call for a handle that is closed now, in the async context
 * of a connection.
 *
 * @param {Number} id The connection
 * @param {Function} callback What is called
 */
function callWhenClosed(id, callback) {
  native.loopClosed(id, closing.add(callback));
}

module.exports = { callWhenClosed, closing };

'use strict';

const { Buffer } = require('buffer');

const { util } = require('../builtins');
const { TypeErrorOfNode, errorWithCode } = require('../errors-of-node');

/**
 * Sees to what stands in the place of a callback and is no function: with ws it
 * gets as far as the socket, which takes it for an encoding.
 *
 * @param {*} value What a program gave
 * @return {undefined} Nobody is to be called
 * @throws {TypeError} It is no encoding, either
 */
function callbackOf(value) {
  if (!value || value === 'buffer' || Buffer.isEncoding(value)) {
    return undefined;
  }

  // `format()` is what Node does.
  throw errorWithCode(
    TypeErrorOfNode,
    'ERR_UNKNOWN_ENCODING',
    `Unknown encoding: ${util.format('%s', value)}`
  );
}

module.exports = callbackOf;

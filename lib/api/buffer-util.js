'use strict';

const { Buffer } = require('buffer');

const { EMPTY_BUFFER } = require('../constants');

/**
 * Joins the parts of a message. Only a real join copies: a single part is
 * returned as it is, and no part at all gives `EMPTY_BUFFER` itself.
 *
 * @param {Buffer[]} list The parts, in order
 * @return {Buffer} Exactly the bytes of the parts
 */
function concat(list) {
  if (list.length === 0) return EMPTY_BUFFER;
  if (list.length === 1) return list[0];

  return Buffer.concat(list);
}

module.exports = { concat };

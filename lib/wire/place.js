'use strict';

const PLACE_MASK = (1 << 22) - 1;

/**
 * The place of a native connection among those that exist now, from 0 on;
 * src/binding/registry.rs numbers them.
 *
 * @param {Number} id The native connection
 * @return {Number} No other connection has it at the same time
 */
function placeOf(id) {
  return id & PLACE_MASK;
}

module.exports = placeOf;

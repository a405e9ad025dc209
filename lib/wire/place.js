'use strict';

const PLACES = 2 ** 22;

/**
 * The place of a native connection among those that exist now, from 0 on;
 * crates/engine/src/registry.rs numbers them.
 *
 * @param {Number} id The native connection
 * @return {Number} No other connection has it at the same time
 */
function placeOf(id) {
  return id % PLACES;
}

module.exports = placeOf;

'use strict';

const { SLOTS } = require('../native/numbers').id;

/**
 * The slot of a native connection among those that exist now, from 0 on;
 * crates/engine/src/registry.rs numbers them.
 *
 * @param {Number} id The native connection
 * @return {Number} No other connection has it at the same time
 */
function slotOf(id) {
  return id % SLOTS;
}

module.exports = slotOf;

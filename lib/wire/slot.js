'use strict';

const { SLOTS } = require('../native/numbers').id;

// When a slot has been used some hundred times its ids are no small integers of
// V8's any more. V8 then makes new hidden classes of all objects that have one,
// and compiles again what uses them, unless the field is for any value: whoever
// keeps an id sets `undefined` there first.
/** What an id is then, for what is compiled to expect it. */
const LARGE = SLOTS * 2 ** 20;

/**
 * The slot of a native connection among those that exist now, from 0 on;
 * crates/engine/src/registry.rs numbers them.
 *
 * @param {Number} id The native connection
 * @return {Number} No other connection has it at the same time
 */
function slotOf(id) {
  // The low bits of any id, and faster than a remainder of one with many uses.
  return id & (SLOTS - 1);
}

for (let i = 0; i < 1000; i++) slotOf(LARGE + i);

module.exports = slotOf;

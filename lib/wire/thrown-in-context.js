'use strict';

const timers = require('../timers');

/** What the function returns if its callback threw. */
const THREW = Symbol('ws-rs.threw');
/**
 * On a callback that has an async context of its own: the function made of it
 * here.
 */
const kLate = Symbol('ws-rs.late');

/**
 * Has a callback throw within its async context. What it throws out of an
 * `AsyncResource` is reported when that context has been left: listeners for
 * uncaught exceptions find another one there, and a domain does not catch it.
 * So it is thrown anew, in the context. Not in a tick: what is thrown in ticks
 * that follow a call of the addon's is reported outside of their context, too.
 *
 * @param {Function} callback A callback of the program
 * @return {Function} Calls it; to be called in an `AsyncResource`. Returns
 *     `THREW` if it threw
 */
function thrownInContext(callback) {
  return (...args) => {
    try {
      callback(...args);
      return undefined;
    } catch (err) {
      timers.setImmediate(rethrow, err);
      return THREW;
    }
  };
}

function rethrow(err) {
  throw err;
}

module.exports = { kLate, THREW, thrownInContext };

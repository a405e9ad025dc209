'use strict';

const timers = require('../timers');

/** What such a function returns if its callback threw. */
const THREW = Symbol('ws-rs.threw');
/** Such a function, on one that has a context of its own. */
const kLate = Symbol('ws-rs.late');

/**
 * What a callback throws out of an `AsyncResource` is told of when its async context
 * has been left: whoever listens for uncaught exceptions finds another one there, and
 * a domain does not catch it. So it is thrown anew, in that context. Not in a tick: of
 * what is thrown in those that are behind a call of the addon's, Node tells when it has
 * left their context, too.
 *
 * @param {Function} callback A callback of the program
 * @return {Function} Calls it; to be called in an `AsyncResource`. Returns `THREW` if
 *     it threw
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

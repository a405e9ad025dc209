'use strict';

const timers = require('../timers');

/** How long the broker may take to answer what was published before, in ms. */
const PATIENCE = 2000;

/**
 * Waits for the last answers of a broker, which may never come.
 *
 * @param {Promise} promise What is waited for, whatever becomes of it
 * @return {Promise} Resolved then, or when that takes too long
 */
function inTime(promise) {
  return new Promise((resolve) => {
    const timer = timers.setInterval(end, PATIENCE);

    promise.then(end, end);

    function end() {
      timers.clearInterval(timer);
      resolve();
    }
  });
}

module.exports = inTime;

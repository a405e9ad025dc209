'use strict';

const timers = require('../timers');

/** How long a broker may take to answer, in ms. */
const PATIENCE = 2000;

/**
 * Waits for the last answers of a broker, which may never come.
 *
 * @param {Promise} promise What is waited for, whatever becomes of it
 * @return {Promise} Resolved then, or when that takes too long
 */
function inTime(promise) {
  return orLate(promise).then(
    () => {},
    () => {}
  );
}

/**
 * Waits for an answer without which nothing can go on.
 *
 * @param {Promise} promise What is waited for
 * @return {Promise} As `promise`; rejected with `lateError()` if that takes too
 *     long
 */
function orLate(promise) {
  return new Promise((resolve, reject) => {
    const timer = timers.setInterval(() => {
      timers.clearInterval(timer);
      reject(lateError());
    }, PATIENCE);

    promise.then(resolve, reject).then(() => timers.clearInterval(timer));
  });
}

/** @return {Error} A server of Redis or NATS is connected, and silent */
function lateError() {
  return new Error(
    'The broker takes connections and does not answer; see whether its process ' +
      'is stopped or overloaded. It is asked again'
  );
}

module.exports = { inTime, lateError, orLate, PATIENCE };

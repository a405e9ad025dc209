'use strict';

const native = require('../native');
const timers = require('../timers');

/** Jobs on other threads: number -> what to call with the result. */
const jobs = new Map();

/** Nothing listens before there is a job: test runners ask what is open. */
let isListening = false;

/**
 * Has another thread compress or decompress.
 *
 * @param {Number} id The codec
 * @param {Buffer} [data] The payload; without one, the rest of what
 *     `native.codecRun()` began
 * @param {Number} flags Of the task
 * @param {Number} limit The most bytes of the result; 0 is no limit
 * @param {Function} callback Called once with the result, in nobody's async
 *     context
 */
function runAway(id, data, flags, limit, callback) {
  if (!isListening) {
    native.onJobsDone(takeResults);
    isListening = true;
  }

  jobs.set(native.codecAway(id, data, flags, limit), callback);
}

function takeResults() {
  deliver(native.takeDone(), 0);
}

/** One callback that throws must not keep the others from their results. */
function deliver(done, from) {
  for (let i = from; i < done.length; i += 2) {
    const callback = jobs.get(done[i]);
    let thrown = true;

    jobs.delete(done[i]);

    try {
      if (callback !== undefined) callback(done[i + 1]);
      thrown = false;
    } finally {
      if (thrown) timers.setImmediate(deliver, done, i + 2);
    }
  }
}

module.exports = { runAway };

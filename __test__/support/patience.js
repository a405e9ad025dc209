'use strict';

const assert = require('node:assert');
const { setTimeout: sleep } = require('node:timers/promises');

const { SLOWNESS } = require('./machine');

/** For how long something may not happen before the test has failed, in ms. */
const PATIENCE = 20_000 * SLOWNESS;

/**
 * Waits for a condition, and fails when it does not come about: what would hang
 * says what it waited for.
 *
 * @param {Function} condition Looked at every millisecond or so
 * @param {Function} describe Says what there is, if that is all
 * @throws {AssertionError} It has not come about in 20 s
 */
async function eventually(condition, describe) {
  const deadline = Date.now() + PATIENCE;

  while (!condition()) {
    if (Date.now() > deadline) assert.fail(`Waited in vain: ${describe()}`);
    await sleep(1);
  }
}

module.exports = { eventually, PATIENCE };

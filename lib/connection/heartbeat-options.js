'use strict';

const given = require('../given');
const checkNames = require('../option-names');

/** The longest time that a timer of Node's can wait, in milliseconds. */
const MAX_TIME = 2 ** 31 - 1;

/**
 * Reads the option `heartbeat` of a server or client.
 *
 * @param {Object} [heartbeat] `interval`: after how many milliseconds without a
 *     sign of life the peer gets a ping; `timeout`: how many more it has then, as
 *     many by default
 * @return {{interval: Number, timeout: Number}|null} `null` if there is none
 * @throws {TypeError|RangeError} It is of no use
 */
function readHeartbeat(heartbeat) {
  if (heartbeat === undefined || heartbeat === null || heartbeat === false) {
    return null;
  }

  if (typeof heartbeat !== 'object') {
    throw new TypeError(
      'The option "heartbeat" is an object like { interval: 30000, timeout: ' +
        `10000 }, in milliseconds, not ${describe(heartbeat)}`
    );
  }

  checkNames(
    heartbeat,
    ['interval', 'timeout'],
    'The option "heartbeat" has no'
  );

  const interval = given(heartbeat, 'interval');
  const timeout = given(heartbeat, 'timeout') ?? interval;

  checkTime('interval', interval);
  checkTime('timeout', timeout);
  return { interval, timeout };
}

function checkTime(name, time) {
  if (typeof time !== 'number') {
    throw new TypeError(
      `"${name}" of the option "heartbeat" is a number of milliseconds, not ` +
        describe(time)
    );
  }

  if (!(time > 0 && time <= MAX_TIME)) {
    throw new RangeError(
      `"${name}" of the option "heartbeat" is above 0 and at most ${MAX_TIME} ` +
        `milliseconds, not ${time}`
    );
  }
}

function describe(value) {
  return typeof value === 'string' ? `"${value}"` : String(value);
}

module.exports = readHeartbeat;

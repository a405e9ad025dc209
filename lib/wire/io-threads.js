'use strict';

const given = require('../given');

/** More would only take turns, and each has a selector and 64 KiB of its own. */
const MOST = 64;

/** For tests: all connections that could be on `'loop'` are on so many threads. */
const forced = forcedThreads(process.env.WS_RS_IO_THREADS);

/**
 * Looks at the option `ioThreads` of a server.
 *
 * @param {Object} options The options
 * @throws {TypeError|RangeError} It is not how many threads there are to be
 */
function check(options) {
  const ioThreads = given(options, 'ioThreads');

  if (ioThreads === undefined || ioThreads === null) return;

  if (typeof ioThreads !== 'number') {
    throw new TypeError(
      'The option "ioThreads" is a number, of the threads that read and write ' +
        `sockets, not ${describe(ioThreads)}; leave it out for none`
    );
  }

  if (!isCount(ioThreads)) {
    throw new RangeError(
      `The option "ioThreads" is a whole number from 0 to ${MOST}, not ` +
        `${ioThreads}; 1 is enough for most servers`
    );
  }
}

/**
 * How many threads share the work of a connection's server; 0 if its bytes are
 * moved on the event loop.
 *
 * @param {Object} limits See `WebSocket#setSocket()`
 * @return {Number} How many
 */
function threadsOf(limits) {
  if (forced !== undefined) return forced;
  if (limits.ioThreads === undefined) return 0;

  return given(limits, 'ioThreads') ?? 0;
}

function isCount(number) {
  return Number.isInteger(number) && number >= 0 && number <= MOST;
}

function describe(value) {
  return typeof value === 'string' ? `"${value}"` : String(value);
}

function forcedThreads(text) {
  if (text === undefined || text === '') return undefined;
  if (/^\d+$/.test(text) && isCount(Number(text))) return Number(text);

  throw new Error(
    `WS_RS_IO_THREADS is "${text}"; set it to a number from 0 to ${MOST}, or ` +
      'unset it'
  );
}

module.exports = { check, threadsOf };

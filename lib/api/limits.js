'use strict';

const given = require('../given');

/**
 * What a connection is to be given of its server's options.
 *
 * @param {Object} options The server's
 * @return {Object} What `WebSocket#setSocket()` is given
 */
function limitsOf(options) {
  const limits = {
    allowSynchronousEvents: options.allowSynchronousEvents,
    maxBufferedChunks: options.maxBufferedChunks,
    maxFragments: options.maxFragments,
    maxPayload: options.maxPayload,
    skipUTF8Validation: options.skipUTF8Validation
  };

  // A class of the program's sees what it sees with ws.
  const ioThreads = ioThreadsOf(options);

  if (ioThreads) limits.ioThreads = ioThreads;

  return limits;
}

/**
 * As `limitsOf()`, but gives the same object to connections with the same limits,
 * which keep it.
 *
 * @param {Object} options The server's, which a program may have changed
 * @param {Object|null} last What this gave before, if anything
 * @return {Object} `last`, or others
 */
function sharedLimits(options, last) {
  return last !== null && areThose(options, last) ? last : limitsOf(options);
}

function areThose(options, limits) {
  return (
    limits.allowSynchronousEvents === options.allowSynchronousEvents &&
    limits.maxBufferedChunks === options.maxBufferedChunks &&
    limits.maxFragments === options.maxFragments &&
    limits.maxPayload === options.maxPayload &&
    limits.skipUTF8Validation === options.skipUTF8Validation &&
    ioThreadsOf(limits) === ioThreadsOf(options)
  );
}

function ioThreadsOf(options) {
  if (options.ioThreads === undefined) return 0;

  return given(options, 'ioThreads') || 0;
}

module.exports = { limitsOf, sharedLimits };

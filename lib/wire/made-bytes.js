'use strict';

/** Bytes that were made of what a program gave, if any were. */
let made = null;

/**
 * Notes that bytes were made of something else, such as an array: no program has them.
 *
 * @param {Buffer} bytes The bytes
 * @return {Buffer} `bytes`
 */
function note(bytes) {
  made ??= new WeakSet();
  made.add(bytes);
  return bytes;
}

/** @return {Boolean} Whether bytes were noted */
function isMade(bytes) {
  return made !== null && made.has(bytes);
}

module.exports = { isMade, note };

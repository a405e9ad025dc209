'use strict';

/**
 * @param {Buffer} file The contents of a file
 * @param {Number} at Where a text begins
 * @return {String} The text, up to the next zero byte
 */
function cString(file, at) {
  return file.toString('latin1', at, file.indexOf(0, at));
}

module.exports = { cString };

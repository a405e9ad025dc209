'use strict';

const fs = require('node:fs');

/**
 * Copies a file to where another may be in use: a process may have it mapped,
 * so it is replaced as a whole, and nobody ever sees a half of it.
 *
 * @param {String} from The file to copy
 * @param {String} to Where to
 * @param {Object} [options] Options
 * @param {Number} [options.mode] The permissions of the copy
 * @param {Date} [options.time] The time of the copy; default: now
 * @throws {Error} As Node's functions do; then `to` is as it was
 */
function replaceFile(from, to, { mode, time = new Date() } = {}) {
  const temporary = `${to}.${process.pid}.tmp`;

  try {
    fs.copyFileSync(from, temporary);
    if (mode !== undefined) fs.chmodSync(temporary, mode);
    fs.utimesSync(temporary, time, time);
    fs.renameSync(temporary, to);
  } catch (err) {
    fs.rmSync(temporary, { force: true });
    throw err;
  }
}

module.exports = { replaceFile };

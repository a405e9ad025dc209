'use strict';

const native = require('.');

/** How many events a batch has at most. */
const BATCH_ROWS = 64;

/**
 * Event arrays by nesting depth: a listener may feed another decoder while the
 * events of the first are still being handed out. Each depth has one array for
 * a batch and one for a single event; level 0 is the event loop's, too.
 */
const levels = [];

/**
 * @param {Number} index Twice the depth, and one more for a single event
 * @return {{rows: Uint32Array, payloads: Array}} Rows of numbers, and by row the
 *     payloads that are no part of the chunk
 */
function level(index) {
  while (levels.length <= index) {
    const rowCount = levels.length % 2 === 0 ? BATCH_ROWS : 1;
    const payloads = new Array(rowCount + 1).fill(undefined);
    const rows = new Uint32Array(native.eventRows(rowCount + 1, payloads));

    levels.push({ rows, payloads });
  }

  return levels[index];
}

module.exports = { level };

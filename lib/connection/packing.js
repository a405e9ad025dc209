'use strict';

const timers = require('../timers');

/** Those whose next message an I/O thread is to compress. */
let waiting = [];

/**
 * Has messages given to their I/O threads in the next macrotask, to be
 * compressed. Until then they can be seen to wait, as with ws, and all go in
 * one batch.
 *
 * @param {CompressingQueue} queue The queue that has a message to be packed
 */
function packSoon(queue) {
  if (waiting.length === 0) timers.setImmediate(packAll);
  waiting.push(queue);
}

function packAll() {
  const due = waiting;
  let done = 0;

  waiting = [];

  try {
    while (done < due.length) due[done++].packNow();
  } finally {
    // A callback threw: the others have their turn in the next macrotask.
    for (; done < due.length; done++) packSoon(due[done]);
  }
}

module.exports = packSoon;

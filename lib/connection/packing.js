'use strict';

const timers = require('../timers');

/** Those whose next message an I/O thread is to compress. */
let waiting = [];

/**
 * Has what waits to be compressed by an I/O thread given to it in the next
 * macrotask: until then it is to be seen that it waits, as with ws, and all go in
 * one batch.
 *
 * @param {CompressingQueue} queue Who has a message to be packed
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
    // A callback threw, which is nothing to the others.
    for (; done < due.length; done++) packSoon(due[done]);
  }
}

module.exports = packSoon;

'use strict';

const atExit = require('../native/at-exit');
const timers = require('../timers');
const placeOf = require('./place');

/** All outputs that may have something to write, by their native half's place. */
const outputs = [];
/** Those with frames that wait for the end of the tick. */
let waiting = [];
let isScheduled = false;
let holds = 0;
let listensToExit = false;

/** Knows which outputs have frames that wait, and when they are to write them. */
const FlushQueue = {
  /** An output is to be flushed at the end of the tick, or of the hold. */
  add(output) {
    output.isWaiting = true;
    waiting.push(output);

    if (holds === 0 && !isScheduled) {
      isScheduled = true;
      timers.nextTick(flushWaiting);
    }
  },

  /** Makes an output known by the place of its native half, or unknown. */
  enlist(id, output) {
    if (!listensToExit) {
      listensToExit = true;
      atExit(flushAll);
    }

    outputs[placeOf(id)] = output;
  },

  /** The kernel did not take all that the native side wrote at a place. */
  flushPlace(place) {
    const output = outputs[place];

    if (output !== undefined) output.flush();
  },

  /**
   * Until `release()`, frames wait; then they are written at once. For the time
   * in which the events of a chunk are handed out.
   */
  hold() {
    holds++;
  },

  release() {
    if (--holds === 0 && waiting.length > 0) flushWaiting();
  }
};

function flushWaiting() {
  isScheduled = false;

  while (waiting.length > 0) {
    const due = waiting;

    waiting = [];

    for (const output of due) {
      output.isWaiting = false;
      output.flush();
    }
  }
}

/** What was sent before `process.exit()` was called is to go out. */
function flushAll() {
  flushWaiting();

  for (const output of outputs) {
    if (output !== undefined) output.flush();
  }
}

module.exports = FlushQueue;

'use strict';

const timers = require('../timers');
const native = require('../native');
const atExit = require('../native/at-exit');
const placeOf = require('./place');

/** All outboxes that may have something to write, by their native half's place. */
const outboxes = [];
/** Those that want to be flushed when the tick ends. */
let waiting = [];
let isScheduled = false;
let listensToExit = false;

/** Knows which outboxes have frames that wait, and when the tick ends. */
const Tick = {
  /**
   * Whether other messages of the chunk that is being handed out are to come:
   * what is sent meanwhile is written together.
   */
  hasMoreMessages: false,

  /** Calls for the end of the tick. */
  schedule() {
    if (isScheduled) return;

    isScheduled = true;
    timers.nextTick(end);
  },

  /** An outbox is to be flushed at the end of the tick. */
  add(outbox) {
    if (outbox.isWaiting) return;

    outbox.isWaiting = true;
    waiting.push(outbox);
    Tick.schedule();
  },

  /** Makes an outbox known by the place of its native half, or unknown. */
  enlist(id, outbox) {
    if (!listensToExit) {
      listensToExit = true;
      atExit(flush);
    }

    outboxes[placeOf(id)] = outbox;
  },

  /** Something became of what the native side had to write at a place. */
  attend(place) {
    const outbox = outboxes[place];

    if (outbox !== undefined) outbox.attend();
  },

  flush
};

function end() {
  isScheduled = false;
  write(true);
}

/** Writes everything that waits. */
function flush() {
  write(false);
}

function write(isOver) {
  const ids = native.endTick(isOver);

  if (ids !== undefined) {
    for (const id of ids) Tick.attend(placeOf(id));
  }

  while (waiting.length > 0) {
    const due = waiting;

    waiting = [];

    for (const outbox of due) {
      outbox.isWaiting = false;
      outbox.attend();
    }
  }
}

module.exports = Tick;

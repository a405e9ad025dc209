'use strict';

const timers = require('../timers');
const native = require('../native');
const atExit = require('../native/at-exit');
const slotOf = require('./slot');

/** All outboxes that may have something to write, by their native half's slot. */
const outboxes = [];
/** Those that want to be looked at when the tick ends. */
let waiting = [];
/** Those of them whose frames the native wire has written. */
let written = [];
let isScheduled = false;
let listensToExit = false;
let isExiting = false;

/** Knows which outboxes have frames that wait, and when the tick ends. */
const Tick = {
  /**
   * Whether other messages of the chunk that is being handed out are to come:
   * what is sent meanwhile is written together.
   */
  hasMoreMessages: false,

  /** How many ticks have ended in which something was sent, in 24 bits. */
  count: 0,

  /** How many turns the event loop has given to sockets. */
  turns: 0,

  /** Tells this tick or turn from others, if something was sent in it. */
  get now() {
    return Tick.count + Tick.turns;
  },

  /** Calls for the end of the tick. */
  schedule() {
    if (isScheduled) return;

    isScheduled = true;
    timers.nextTick(end);
  },

  /** An outbox is to be looked at when the tick ends. */
  add(outbox) {
    if (isExiting) {
      outbox.attend();
      return;
    }
    if (outbox.isWaiting) return;

    outbox.isWaiting = true;
    waiting.push(outbox);
    Tick.schedule();
  },

  /** What follows is as another tick, for whoever sends. */
  pass() {
    Tick.count = (Tick.count + 1) & 0xffffff;
    addAll(native.endTick(true));
  },

  /** Has what waits written when the process exits. */
  watchExit() {
    if (!listensToExit) {
      listensToExit = true;
      atExit(exit);
    }
  },

  /** Makes an outbox known by the slot of its native half. */
  enlist(id, outbox) {
    Tick.watchExit();
    outboxes[slotOf(id)] = outbox;
  },

  /** Makes an outbox unknown; the slot may be another one's already. */
  delist(id, outbox) {
    const slot = slotOf(id);

    if (outboxes[slot] === outbox) outboxes[slot] = undefined;
  },

  /** Something became of what the native side had to write at a slot. */
  attend(slot) {
    const outbox = outboxes[slot];

    if (outbox !== undefined) outbox.attend();
  },

  flush,
  exit
};

/** The tick ends: what waits is written, and callbacks are called. */
function end() {
  isScheduled = false;
  Tick.pass();

  while (waiting.length + written.length > 0) {
    const due = written.concat(waiting);
    let done = 0;

    waiting = [];
    written = [];

    try {
      while (done < due.length) {
        const outbox = due[done++];

        outbox.isWaiting = false;
        outbox.attend();
      }
    } finally {
      // A listener or callback threw: the others are looked at all the same.
      if (done < due.length) {
        written = due.slice(done).concat(written);
        Tick.schedule();
      }
    }
  }
}

/**
 * Writes what waits, in the midst of a tick. Nothing is called back: whoever
 * sends, and so had frames of others written, knows nothing of those.
 */
function flush() {
  addAll(native.endTick(false));

  const due = waiting;

  waiting = [];

  for (const outbox of due) {
    try {
      if (outbox.isNative) {
        written.push(outbox);
        outbox.afterFlush();
      } else {
        outbox.isWaiting = false;
        outbox.attend();
      }
    } catch (err) {
      // Thrown in a tick: neither the others nor whoever sends is to meet it.
      timers.nextTick(rethrow, err);
    }
  }
}

function rethrow(err) {
  throw err;
}

/**
 * As `flush()`, and threads have the kernel take what is theirs to write. Other
 * listeners of `'exit'` may send more: no tick ends any more.
 */
function exit() {
  flush();
  native.loopSettle();
  setExiting(true);
  // Somebody may only have emitted `'exit'`.
  timers.nextTick(setExiting, false);
}

function setExiting(exits) {
  isExiting = exits;
  native.exitTicks(exits);
}

/** Those with something to look at, by their native halves. */
function addAll(ids) {
  if (ids === undefined) return;

  for (const id of ids) {
    const outbox = outboxes[slotOf(id)];

    if (outbox !== undefined) Tick.add(outbox);
  }
}

module.exports = Tick;

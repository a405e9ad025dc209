'use strict';

const convert = require('./binary-form');
const { ChunkOwner } = require('./chunk');
const { WATCHED_TURNS } = require('../compression/inflater');
const numbers = require('../native/numbers');
const timers = require('../timers');

const { BINARY, CLOSE, PING, PONG, TEXT } = numbers.frame;
const { SIZE: ROW } = numbers.row;

/** A kind of event: a binary message that has been given its form. */
const FORMED = -1;

// The values of `state`, which a receiver shows as `_state`: programs and tests
// of ws know that 5 is `INFLATING`.
const READING = 0;
const INFLATING = 5;
const DEFERRED = 6;

/**
 * Hands events to a sink, now or in a later macrotask:
 *
 * - `onMessage(data, isBinary)`, `onPing(data)`, `onPong(data)`,
 *   `onConclude(code, reason)`
 *
 * Where they come from is for the decoder, which goes on with `_deliver()`, `_run()`
 * and `_finish()` behind one that had to wait.
 */
class EventDispatcher extends ChunkOwner {
  /** @param {String} binaryType The form of binary messages */
  constructor(binaryType) {
    super(binaryType);
    this.sink = null;
    /** Whether a chunk is being worked on. */
    this.busy = false;
    /** Whether a close frame was handed out; everything behind it is ignored. */
    this.concluded = false;
    this.state = READING;
    /**
     * Says whether somebody can see how long a message takes to be inflated.
     */
    this.watcher = null;
  }

  _emit(kind, data, extra) {
    switch (kind) {
      case TEXT:
        this.sink.onMessage(data, false);
        break;
      case BINARY:
        this.sink.onMessage(convert(this, data, extra), true);
        break;
      case FORMED:
        this.sink.onMessage(data, true);
        break;
      case PING:
        this.sink.onPing(data);
        break;
      case PONG:
        this.sink.onPong(data);
        break;
      case CLOSE:
        this.concluded = true;
        this.sink.onConclude(extra, data);
        break;
    }
  }

  /**
   * Hands out an event in the next macrotask, then goes on. The form of a binary message is
   * that of now: a program may ask for another one meanwhile, which is for those behind it.
   */
  _defer(kind, data, extra) {
    if (kind === BINARY) {
      data = convert(this, data, extra);
      kind = FORMED;
    }

    this.state = DEFERRED;
    timers.setImmediate(() => {
      this.state = READING;
      this._emitAndGoOn(kind, data, extra);
    });
  }

  /**
   * Hands out a message that an I/O thread has inflated when it would be inflated
   * here: not in the macrotask of what comes before it, and later if somebody
   * watches.
   */
  _deferInflated(kind, data, extra, single) {
    this.state = INFLATING;
    timers.afterTurns(this._isWatched() ? WATCHED_TURNS : 0, () => {
      if (single && kind === BINARY) {
        this._defer(kind, data, extra);
      } else {
        this.state = READING;
        this._emitAndGoOn(kind, data, extra);
      }
    });
  }

  _isWatched() {
    return this.watcher !== null && this.watcher.isWatched();
  }

  _emitAndGoOn(kind, data, extra) {
    let thrown = true;

    try {
      this._emit(kind, data, extra);
      thrown = false;
    } finally {
      if (thrown) timers.setImmediate(() => this._goOn());
    }

    this._goOn();
  }

  _goOn() {
    if (this._backlog !== null) {
      const backlog = this._backlog;

      this._backlog = null;
      if (!this._deliver(backlog, backlog.count, false)) return;
    }

    if (this._position < this._length) this._run();
    else this._finish();
  }

  /** Keeps the rest of a batch for the next macrotask. */
  _postpone(rows, payloads, from, count) {
    this._keep();

    // Row 0 stays, as in a batch fresh from the core.
    const rest = rows.slice((from - 1) * ROW, (count + 1) * ROW);

    this._backlog = {
      rows: rest,
      payloads: payloads.slice(from - 1, count + 1),
      count: count + 1 - from
    };
    this.state = DEFERRED;
    timers.setImmediate(() => {
      this.state = READING;
      this._goOn();
    });
  }
}

/** The rest of a batch, if it waits. */
EventDispatcher.prototype._backlog = null;

module.exports = { EventDispatcher, INFLATING, READING };

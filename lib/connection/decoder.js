'use strict';

const { Buffer } = require('buffer');

const { EMPTY_BUFFER } = require('../constants');
const { protocolError } = require('../native/errors');
const {
  GIVEN,
  LENT,
  PRIVATE,
  SPARE,
  stored,
  takenAway,
  unshared
} = require('./chunk');
const { EventDispatcher, INFLATING, READING } = require('./event-dispatcher');
const native = require('../native');
const { level } = require('../native/event-rows');
const numbers = require('../native/numbers');
const Stage = require('../wire/stage');
const Tick = require('../wire/tick');

const FastBuffer = Buffer[Symbol.species];
const { BINARY, CLOSE } = numbers.frame;
const {
  COMPRESSED,
  INFLATED,
  KIND,
  LAST,
  SIZE: ROW,
  STORED,
  WHOLE
} = numbers.row;
const { POSITION } = numbers.header;
const { COMPRESSION, SKIP_UTF8_VALIDATION } = numbers.config;

/** How many decoders are handing out events, one in the other. */
let depth = 0;

/**
 * Turns chunks of bytes into messages and control frames, through the native
 * protocol core. It is given one chunk at a time, and hands events to its sink, which
 * also has `onChunkDone(err)`: called once for each chunk, when all of it has been
 * handed out.
 *
 * A chunk takes a while if a message in it has to be inflated, or if events are
 * to be handed out one per macrotask.
 */
class Decoder extends EventDispatcher {
  /**
   * @param {Object} options
   * @param {Boolean} options.allowSynchronousEvents Whether several events may
   *     be handed out in one tick
   * @param {String} options.binaryType The form of binary messages
   * @param {Object} options.extensions The negotiated extensions, by name
   * @param {Boolean} options.isServer Whether frames must be masked
   * @param {Number} options.maxBufferedChunks Chunks held for one frame; 0 is
   *     no limit, here and below
   * @param {Number} options.maxFragments Frames of one message
   * @param {Number} options.maxPayload Bytes of one message
   * @param {Boolean} options.skipUTF8Validation Whether text goes unchecked
   * @param {Number} [id] The native connection, if there is one
   */
  constructor(options, id) {
    super(options.binaryType);
    this.allowSynchronousEvents = options.allowSynchronousEvents;
    this.extensions = options.extensions;
    this.isServer = options.isServer;
    this.maxBufferedChunks = options.maxBufferedChunks;
    this.maxFragments = options.maxFragments;
    this.maxPayload = options.maxPayload;
    this.skipUTF8Validation = options.skipUTF8Validation;
    /** Whether an error was found; nothing more is decoded then. */
    this.failed = false;
    /** Whether the chunk has just come, and nothing of it was handed out. */
    this._isFresh = false;
    // See lib/wire/slot.js.
    this.id = undefined;
    this.id =
      id ??
      native.connectionCreate(
        this.isServer,
        this.maxPayload,
        this.maxFragments,
        this.maxBufferedChunks,
        this._flags()
      );
  }

  /** Gives the core the limits that were changed. */
  configure() {
    native.connectionConfigure(
      this.id,
      this.maxPayload,
      this.maxFragments,
      this.maxBufferedChunks,
      this._flags()
    );
  }

  _flags() {
    return (
      (this.extensions['permessage-deflate'] ? COMPRESSION : 0) |
      (this.skipUTF8Validation ? SKIP_UTF8_VALIDATION : 0)
    );
  }

  /**
   * Decodes a chunk; must not be called while `busy`.
   *
   * @param {Buffer} chunk Bytes from the peer; payloads are unmasked in place
   */
  feed(chunk) {
    if (this.failed || this.concluded) {
      this.sink.onChunkDone();
      return;
    }

    const own = unshared(chunk);

    this.busy = true;
    this._chunk = own;
    this._source = own.buffer;
    this._base = own.byteOffset;
    this._length = own.length;
    this._position = 0;
    this._memory =
      this.copies || (this.copiesParts && isPart(own)) ? PRIVATE : GIVEN;
    this._run();
  }

  /**
   * Hands out what a transport has decoded itself, and goes on with the chunk
   * if that was not all of it; must not be called while `busy`.
   *
   * @param {ArrayBuffer} source The memory that the chunk begins in, which may
   *     be written to again as soon as this returns
   * @param {Boolean} isSpare Whether it is meant for a long message, which
   *     keeps it
   * @param {Number} length How long the chunk is
   * @param {Number} position How far it was decoded
   * @param {Number} count How many rows of the first level were filled
   */
  take(source, isSpare, length, position, count) {
    const single = !this.allowSynchronousEvents;

    this.busy = true;
    this._chunk = null;
    this._source = source;
    this._base = 0;
    this._length = length;
    this._position = position;
    this._memory = isSpare ? SPARE : LENT;
    this._isFresh = true;

    const events = level(0);
    const isBeforeEnd = (events.rows[count * ROW] & LAST) !== 0;

    if (isBeforeEnd !== this._isBeforeEnd) this._isBeforeEnd = isBeforeEnd;

    const goesOn = this._deliver(events, count, single);

    this._isFresh = false;
    if (!goesOn) return;
    if (position < length) this._run();
    else this._finish();
  }

  /**
   * Gives the native state back.
   *
   * @param {Number} code What the connection was closed with
   */
  free(code) {
    this.giveUpBlock();
    native.connectionFree(this.id, code);
  }

  /** Decodes and hands out until the chunk is used up or something must wait. */
  _run() {
    const single = !this.allowSynchronousEvents;
    const index = 2 * depth + (single ? 1 : 0);
    const events = level(index);

    let count;

    do {
      const chunk = this._view();

      if (chunk.length !== this._length) {
        this._finish(takenAway());
        return;
      }

      count = native.handleBytes(this.id, chunk, this._position, index);
      this._position = events.rows[POSITION];
      if (count > 0 && !this._deliver(events, count, single)) return;
      // No events means that the chunk is used up.
    } while (count > 0 && this._position < this._length);

    this._finish();
  }

  _finish(err) {
    this.busy = false;
    this._chunk = EMPTY_BUFFER;
    this._source = EMPTY_BUFFER.buffer;
    this._length = 0;
    this._memory = GIVEN;
    this.state = READING;
    if (err) this.failed = true;
    this.sink.onChunkDone(err);
  }

  /**
   * Hands out the events of a batch.
   *
   * @return {Boolean} Whether to go on with the chunk now
   */
  _deliver(events, count, single) {
    const { rows, payloads } = events;
    let row = 1;
    // Of messages that were copied together: where they end in the chunk, the
    // memory that they were copied to, and how far that is from there.
    let spanEnd = 0;
    let block = null;
    let blockBytes = null;
    let shift = 0;

    depth++;

    try {
      for (; row <= count; row++) {
        const at = row * ROW;
        const flags = rows[at];
        const kind = flags & KIND;
        const start = rows[at + 1];
        const length = rows[at + 2];
        const extra = rows[at + 3];
        let data = EMPTY_BUFFER;

        if ((flags & STORED) !== 0) {
          data = stored(payloads, row, start, length);
        } else if (length === 0 || kind > COMPRESSED) {
          // An empty payload: nothing is taken out.
        } else if (start + length <= spanEnd && blockBytes.length !== 0) {
          data = new FastBuffer(block, start + shift, length);
        } else {
          try {
            spanEnd = this._copySpan(rows, row, count);

            if (spanEnd <= 0) {
              data = this._cut(rows, row, count, spanEnd === 0);
            } else {
              ({ block, blockBytes } = this);
              shift = this._spanAt - start;
              data = new FastBuffer(block, this._spanAt, length);
            }
          } catch (err) {
            this._finish(this._source.byteLength === 0 ? takenAway() : err);
            return false;
          }
        }

        if (kind === COMPRESSED) {
          if (this._position < this._length) this._keep();
          this._inflate(data, extra === 1);
          return false;
        }

        if (kind > COMPRESSED) {
          this._finish(protocolError(start, length));
          return false;
        }

        if ((flags & INFLATED) !== 0) {
          this.noteInflated();

          const waits = row > 1 || !this._isFresh || this._isWatched();

          if (waits || (single && kind === BINARY)) {
            if (this._position < this._length) this._keep();
            if (waits) this._deferInflated(kind, data, extra, single);
            else this._defer(kind, data, extra);
            return false;
          }
        } else if (single && kind !== CLOSE) {
          // As in ws, a close frame never waits.
          if (this._position < this._length) this._keep();
          this._defer(kind, data, extra);
          return false;
        }

        // What is answered to several messages of a chunk is written together.
        // Nobody looks at what is behind a close frame.
        Tick.hasMoreMessages =
          (row < count || this._position < this._length) && kind !== CLOSE;
        Stage.isFresh = true;
        this._emit(kind, data, extra);
      }

      return true;
    } finally {
      Tick.hasMoreMessages = false;
      depth--;
      // A listener threw: the error goes its way, the other events follow.
      if (row <= count && this.state === READING && this.busy) {
        this._postpone(rows, payloads, row + 1, count);
      }
    }
  }

  /**
   * An I/O thread has inflated a message. Those to come are for a `decompress()` that
   * a program has put there since.
   */
  noteInflated() {
    const { inflatesItself } = this.extensions['permessage-deflate'];

    if (inflatesItself === false) native.inflateHere(this.id);
  }

  _inflate(data, fin) {
    if (this._onInflated === null) {
      this._onInflated = (err, inflated) => this._inflated(err, inflated);
    }

    this.state = INFLATING;

    const pmd = this.extensions['permessage-deflate'];

    // With ws such a message is still being inflated when the connection is
    // closed.
    pmd.isWatched = this._isBeforeEnd || this._isWatched();
    pmd.decompress(data, fin, this._onInflated);
  }

  _inflated(err, inflated) {
    if (err) {
      this._finish(err);
      return;
    }

    if (this.mayInflateOnThread) {
      this.mayInflateOnThread = false;
      this.extensions['permessage-deflate'].inflateOnThread?.(this.id);
    }

    const index = 2 * depth + 1;
    const { rows, payloads } = level(index);
    const count = native.handleInflated(this.id, inflated, index);

    if (count === 0) {
      this.state = READING;
      this._goOn();
      return;
    }

    const flags = rows[ROW];
    const kind = flags & KIND;
    const start = rows[ROW + 1];
    const length = rows[ROW + 2];
    const extra = rows[ROW + 3];
    let data = EMPTY_BUFFER;

    if (kind > COMPRESSED) {
      this._finish(protocolError(start, length));
      return;
    }

    if ((flags & WHOLE) !== 0) {
      if (inflated.length !== 0) data = inflated;
    } else if ((flags & STORED) !== 0) {
      data = stored(payloads, 1, start, length);
    }

    // ws defers binary messages only: text has waited for its inflation.
    if (kind === BINARY && !this.allowSynchronousEvents) {
      this._defer(kind, data, extra);
    } else {
      this.state = READING;
      this._emitAndGoOn(kind, data, extra);
    }
  }
}

// Rarely set, so no field of each: idle connections are kept by the thousand.
/** Called with what was inflated. */
Decoder.prototype._onInflated = null;
/** Whether an I/O thread may inflate what comes behind the first message. */
Decoder.prototype.mayInflateOnThread = false;
/** Whether the peer's end was seen behind the chunk. */
Decoder.prototype._isBeforeEnd = false;

/** Whether the chunk is only a part of its memory. */
function isPart(chunk) {
  return chunk.length !== chunk.buffer.byteLength;
}

module.exports = Decoder;

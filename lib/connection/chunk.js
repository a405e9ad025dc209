'use strict';

const { Buffer } = require('buffer');

const { types } = require('../builtins').util;
const { EMPTY_BUFFER, kStatusCode } = require('../constants');
const numbers = require('../native/numbers');
const {
  BlockOwner,
  MAX_SHARED,
  copyExactly
} = require('../memory/message-memory');
const noteMemory = require('../memory/young-memory');

const FastBuffer = Buffer[Symbol.species];
const { BINARY, TEXT } = numbers.frame;
const { KIND, SIZE: ROW } = numbers.row;

// Whose memory the chunk is in. A chunk that was given is the program's as
// well, and messages are slices of it. Out of others they are copied, ...
const GIVEN = 0;
// ... whether nobody else knows the memory, ...
const PRIVATE = 1;
// ... or it is written to again when the loop goes on; ...
const LENT = 2;
// ... but a long message is a slice of a buffer that was made for it.
const SPARE = 3;

/** What a number of a row has no room for. */
const FOUR_GIB = 2 ** 32;

/** Called when a message keeps the memory that was meant for a long one. */
let onSpareTaken = null;

/**
 * The chunk that a decoder works on, and where the payloads in it come from: the
 * chunk itself where it is the message's to keep, else a copy.
 */
class ChunkOwner extends BlockOwner {
  /** @param {String} binaryType The form of binary messages */
  constructor(binaryType) {
    super();
    this.binaryType = binaryType;
    /** Whether messages are copied out of every chunk. */
    this.copies = false;
    // The chunk that is worked on: a view of it, where it is, ...
    this._chunk = EMPTY_BUFFER;
    this._source = EMPTY_BUFFER.buffer;
    this._base = 0;
    this._length = 0;
    this._position = 0;
    // ... and whose memory that is.
    this._memory = GIVEN;
  }

  /** The chunk that is worked on. */
  get chunk() {
    this._keep();
    return this._view();
  }

  /** How long it is. */
  get chunkLength() {
    return this._length;
  }

  _view() {
    if (this._chunk === null) {
      this._chunk = new FastBuffer(this._source, this._base, this._length);
    }

    return this._chunk;
  }

  /** Brings the chunk to memory that stays as it is. */
  _keep() {
    if (this._memory < LENT) return;

    // The transport may have decoded all of it.
    if (this._length > 0) {
      this._source = copyExactly(this._source, this._base, this._length).buffer;
    } else {
      this._source = EMPTY_BUFFER.buffer;
    }

    this._base = 0;
    this._chunk = null;
    this._memory = PRIVATE;
  }

  /**
   * Takes a payload out of the chunk.
   *
   * @throws {Error} The memory was detached, or there is none to copy to
   */
  _cut(rows, row, count, mayShare) {
    const at = row * ROW;
    const start = rows[at + 1];
    const length = rows[at + 2];
    const from = this._base + start;

    if (this._memory === GIVEN) {
      return new FastBuffer(this._source, from, length);
    }

    if (this._memory === SPARE && 2 * length >= this._source.byteLength) {
      const source = this._source;

      // Zeros, as what others have left there must not be seen.
      new FastBuffer(source, this._base + this._length).fill(0);
      // What is behind it is kept, as the memory may be gone when its turn
      // comes.
      if (row < count || this._position < this._length) this._keep();
      else this._memory = GIVEN;
      onSpareTaken();
      return new FastBuffer(source, from, length);
    }

    const isExact =
      (rows[at] & KIND) === BINARY && this.binaryType === 'arraybuffer';

    if (isExact || !mayShare) {
      return copyExactly(this._source, from, length);
    }

    return this.copy(this._source, from, length);
  }

  /**
   * Copies a message and those behind it that fit into the same block. Should
   * somebody detach it, those that were not handed out yet are still there.
   *
   * @return {Number} Where the last of them ends in the chunk; 0 if this is for
   *     `_cut()` to do, and -1 if it is to have memory of its own
   */
  _copySpan(rows, row, count) {
    const start = rows[row * ROW + 1];
    const length = rows[row * ROW + 2];

    if (
      row === count ||
      this._memory === GIVEN ||
      length > MAX_SHARED ||
      this.binaryType === 'arraybuffer'
    ) {
      return 0;
    }

    if (!this.reserve(length, count - row)) return -1;

    const limit = start + this.blockBytes.length - this.blockUsed;
    let end = start + length;

    for (let next = row + 1; next <= count; next++) {
      const kind = rows[next * ROW];
      const nextLength = rows[next * ROW + 2];
      const nextEnd = rows[next * ROW + 1] + nextLength;

      if (kind !== TEXT && kind !== BINARY) break;
      if (nextEnd > limit || !this.suits(nextLength)) break;
      end = nextEnd;
    }

    this._spanAt = this.copySpan(this._source, this._base + start, end - start);
    return end;
  }
}

// Rarely set, so no field of each: idle connections are kept by the thousand.
/** Whether messages are copied out of chunks that lie in larger memory. */
ChunkOwner.prototype.copiesParts = false;
/** Where in the block those messages are that were copied together. */
ChunkOwner.prototype._spanAt = 0;

/** @param {Function} callback Makes memory for the next long message */
function whenSpareTaken(callback) {
  onSpareTaken = callback;
}

/**
 * A chunk that nobody writes to while it is decoded, and unmasked in place: what other
 * threads may write to is copied.
 */
function unshared(chunk) {
  const { buffer } = chunk;

  // Asked for second, as it calls out of JavaScript; it is for memory of
  // another realm.
  if (buffer instanceof ArrayBuffer || !types.isSharedArrayBuffer(buffer)) {
    return chunk;
  }

  return Buffer.from(chunk);
}

/** The error of a chunk that a program took away, as ws's fails then, too. */
function takenAway() {
  const err = new Error(
    'The memory of a chunk was detached before all of it was handed out'
  );

  Error.captureStackTrace(err, takenAway);
  err[kStatusCode] = 1011;
  return err;
}

/** Takes a payload that was assembled in a `Buffer` of its own. */
function stored(payloads, row, start, length) {
  const buffer = payloads[row];

  payloads[row] = undefined;
  noteMemory(buffer.buffer.byteLength);

  if (buffer.length >= FOUR_GIB) {
    // A length of 4 GiB and more takes two numbers of the row.
    length += start * FOUR_GIB;
    start = 0;
  }

  if (length === 0) return EMPTY_BUFFER;
  if (buffer.length === length) return buffer;
  // Zeros, as what others have left there must not be seen.
  buffer.fill(0, start + length);
  return new FastBuffer(buffer.buffer, buffer.byteOffset + start, length);
}

module.exports = {
  ChunkOwner,
  GIVEN,
  LENT,
  PRIVATE,
  SPARE,
  stored,
  takenAway,
  unshared,
  whenSpareTaken
};

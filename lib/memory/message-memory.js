'use strict';

const { Buffer } = require('buffer');

/**
 * The memory that messages of a native read are copied to. It belongs to one
 * connection: a program may keep, detach and transfer it, and does nothing to
 * others.
 *
 * Memory of its own costs a short message a tenth of an echo, so those of one
 * connection share a block, if they come so close that most of it gets used: a
 * block is kept for as long as `MAX_OWNERS` other connections want none, and
 * for idle connections there is none at all.
 */

const FastBuffer = Buffer[Symbol.species];

/** Longer messages get memory of their own. */
const MAX_SHARED = 1024;

/** A block for messages of up to 128 bytes, eight of them at least ... */
const LEAST_BLOCK = 1024;
/** ... or, if more than `MANY` came at once, this. Longer ones get larger blocks. */
const LARGER_BLOCK = 2048;
const MANY = 8;

/** So many connections keep a block for what they will receive. */
const MAX_OWNERS = 1024;

/** Counts what is copied, in 30 bits: V8 needs no memory for such a number. */
const CLOCK_MASK = 0x3fffffff;

// As it was when this was loaded: one that a program puts in its place would
// see the source.
const copyInto = Function.prototype.call.bind(Uint8Array.prototype.set);

/** The memory that is mostly copied from, and views of it by their length. */
let scratch = null;
const views = new Array(MAX_SHARED + 1).fill(undefined);
const viewStarts = new Uint16Array(MAX_SHARED + 1);

const owners = new Array(MAX_OWNERS).fill(null);
let nextOwner = 0;
let clock = MAX_OWNERS + 1;

/** The block of a connection, as the base of its decoder. */
class BlockOwner {
  constructor() {
    /** The block, all of it as bytes, and how much of it is used. */
    this.block = null;
    this.blockBytes = null;
    this.blockUsed = 0;
    /** Its index among `owners`, if one was taken. */
    this._ownerAt = 0;
    /** When something was last copied, and of which size. */
    this._copiedAt = 0;
    this._copiedSize = 0;
  }

  /**
   * Copies a message to memory of this connection.
   *
   * @param {ArrayBuffer} source Where it is now
   * @param {Number} start Where it begins there
   * @param {Number} length Its length, which is not 0
   * @return {Buffer} The message
   * @throws {RangeError} There is no memory
   */
  copy(source, start, length) {
    if (length > MAX_SHARED || !this.reserve(length, 0)) {
      return copyExactly(source, start, length);
    }

    const used = this.blockUsed;
    const data = new FastBuffer(this.block, used, length);

    this.blockUsed = (used + length + 7) & ~7;
    copyInto(data, viewOf(source, start, length));
    return data;
  }

  /**
   * Copies several messages at once, with what is between them, to the block,
   * in which they fit.
   *
   * @return {Number} Where they are in it
   */
  copySpan(source, start, length) {
    const used = this.blockUsed;

    this.blockUsed = (used + length + 7) & ~7;
    copyInto(this.blockBytes, new FastBuffer(source, start, length), used);
    return used;
  }

  /**
   * Sees to a block with space for a message.
   *
   * @param {Number} length Of the message, at most `MAX_SHARED`
   * @param {Number} more How many messages are behind it in the chunk
   * @return {Boolean} Whether there is one; else it gets memory of its own
   */
  reserve(length, more) {
    const { blockBytes } = this;
    const size = sizeOf(length);
    const isSame = size === this._copiedSize;
    const since = (clock - this._copiedAt) & CLOCK_MASK;

    clock = (clock + 1) & CLOCK_MASK;
    this._copiedAt = clock;
    this._copiedSize = size;

    if (blockBytes !== null) {
      // Nothing fits into one that was detached.
      const isTooLarge = blockBytes.length > largestBlock(size);

      if (this.blockUsed + length <= blockBytes.length && !isTooLarge) {
        return true;
      }

      // Short and long messages in turns would each begin a new block.
      if (isTooLarge && !isSame) return false;
    }

    if (more === 0 && since > MAX_OWNERS) return false;

    this._renew(
      size > 0
        ? LARGER_BLOCK << (size - 1)
        : more > MANY
          ? LARGER_BLOCK
          : LEAST_BLOCK
    );
    return true;
  }

  /** Whether a message may share the block. */
  suits(length) {
    return (
      length <= MAX_SHARED &&
      this.blockBytes.length <= largestBlock(sizeOf(length))
    );
  }

  /** Keeps the block no longer for messages that are still to come. */
  giveUpBlock() {
    if (owners[this._ownerAt] === this) owners[this._ownerAt] = null;
    this._dropBlock();
  }

  _dropBlock() {
    this.block = null;
    this.blockBytes = null;
  }

  _renew(size) {
    // Zeros, as what others have left there must not be seen.
    this.blockBytes = Buffer.alloc(size);
    this.block = this.blockBytes.buffer;
    this.blockUsed = 0;

    if (owners[this._ownerAt] === this) return;

    const previous = owners[nextOwner];

    if (previous !== null) previous._dropBlock();
    owners[nextOwner] = this;
    this._ownerAt = nextOwner;
    nextOwner = (nextOwner + 1) % MAX_OWNERS;
  }
}

/** @param {ArrayBuffer} memory What all sockets are read into, for good */
function setScratch(memory) {
  scratch = memory;
}

/**
 * A view of the bytes to be copied. Messages of one length mostly begin at the
 * same place of the same memory, and to make a view takes longer than to copy
 * from it.
 */
function viewOf(source, start, length) {
  if (source !== scratch) return new FastBuffer(source, start, length);

  if (viewStarts[length] !== start || views[length] === undefined) {
    viewStarts[length] = start;
    views[length] = new FastBuffer(source, start, length);
  }

  return views[length];
}

/** 0 for up to 128 bytes, 1 for up to 256, and so on. */
function sizeOf(length) {
  return length <= 128 ? 0 : 32 - Math.clz32((length - 1) >> 7);
}

/**
 * How large a block for messages of a size is at most: a message is to keep no
 * more than a few times its own size.
 */
function largestBlock(size) {
  return LARGER_BLOCK << size;
}

/** Copies to memory that nothing else is in. */
function copyExactly(source, start, length) {
  const data = Buffer.allocUnsafeSlow(length);

  copyInto(data, new FastBuffer(source, start, length));
  return data;
}

module.exports = { BlockOwner, MAX_SHARED, copyExactly, setScratch };

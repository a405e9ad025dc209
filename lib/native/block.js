'use strict';

const FastBuffer = Buffer[Symbol.species];

/** Short messages of one connection share a block of this many bytes. */
const SIZE = 1024;
/** Longer ones have memory of their own. */
const MOST = SIZE / 2;

/**
 * Memory of one connection's short messages. Native code writes a message to it
 * at the moment when the message is handed out, never before: the program may
 * have detached the block, with any earlier message, until then.
 */
class Block {
  constructor() {
    /** Where native code may write, from `used` on. */
    this.memory = Buffer.allocUnsafeSlow(SIZE);
    this.used = 0;
  }

  /**
   * The bytes that native code has just written.
   *
   * @param {Number} length How many, at most `Block.MOST`
   * @return {Buffer} A part of the block
   */
  cut(length) {
    const bytes = new FastBuffer(this.memory.buffer, this.used, length);

    // Typed arrays on it stay possible.
    this.used = (this.used + length + 7) & ~7;
    return bytes;
  }

  /** There was no room for a short message. */
  renew() {
    this.memory = Buffer.allocUnsafeSlow(SIZE);
    this.used = 0;
  }
}

Block.SIZE = SIZE;
Block.MOST = MOST;

module.exports = Block;

'use strict';

const native = require('../native');
const {
  COUNT,
  DATA,
  IN_BATCH,
  IN_CHUNK,
  MAX_LENGTH,
  MOST,
  OPEN,
  RECORD,
  RECORDS,
  STEP
} = require('../native/numbers').stage;
const Tick = require('./tick');

// As it was when this was loaded: one that a program puts in its place would
// see the memory.
const copyInto = Function.prototype.call.bind(Uint8Array.prototype.set);
// Not what a program says of its bytes: behind them are those of others.
const lengthOf = Function.prototype.call.bind(
  Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(Uint8Array.prototype),
    'length'
  ).get
);

let numbers = new Uint32Array(RECORDS);
let bytes = null;

/**
 * Short messages that are sent while others are sure to come: they are put into
 * memory that Rust looks at before it does anything else, and when the turn is
 * over. It saves a call for each.
 */
const Stage = {
  /**
   * Whether nothing was sent since a message was handed out. What is sent
   * behind that goes to Rust, which knows how long the listener has worked.
   */
  isFresh: false,

  /** To be called once. */
  open() {
    const memory = native.stage();

    if (memory === undefined) return;

    numbers = new Uint32Array(memory, 0, DATA >> 2);
    bytes = new Uint8Array(memory);
  },

  /**
   * Sends an unmasked frame, if it may wait.
   *
   * @param {Number} id The native connection
   * @param {Number} first The frame's first byte
   * @param {Buffer} payload The payload, which is copied
   * @return {Boolean} Whether that is done; else somebody else has to send it
   */
  add(id, first, payload) {
    const open = numbers[OPEN];

    if (open !== IN_BATCH && (open !== IN_CHUNK || !Tick.hasMoreMessages)) {
      return false;
    }

    const length = lengthOf(payload);
    const count = numbers[COUNT];

    // Of memory that was taken away nothing can be copied.
    if (length > MAX_LENGTH || length === 0 || count >= MOST) return false;

    const at = RECORDS + count * RECORD;

    try {
      copyInto(bytes, payload, DATA + count * STEP);
    } catch {
      // Another thread has made it longer since.
      return false;
    }

    Stage.isFresh = false;
    // Its low 32 bits, and those above.
    numbers[at] = id;
    numbers[at + 1] = id / 0x1_0000_0000;
    numbers[at + 2] = first;
    numbers[at + 3] = length;
    numbers[COUNT] = count + 1;
    return true;
  }
};

module.exports = Stage;

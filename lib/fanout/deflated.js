'use strict';

const timers = require('../timers');

/** The most that a compressor refers back to from one message to the next. */
const MOST_REFERRED_TO = 4 * 1024;

/**
 * A message that was compressed once for all connections with a window of the
 * same size: without reference to what any of them was sent before.
 */
class Deflated {
  /**
   * @param {SharedMessage} message The message
   * @param {PerMessageDeflate} pmd Of one of the connections
   * @param {Deflated|null} next The same for other windows
   */
  constructor(message, pmd, next) {
    this.key = pmd.sharedKey;
    this.next = next;
    /** Whether it was compressed, or could not be. */
    this.isReady = false;
    /** The compressed bytes; `null` if it is to be sent as it is. */
    this.bytes = null;
    /** The end of the message, for compressors that go on behind it. */
    this.end = null;
    /** Connections that it was given to and that are for `Batch` to send it on. */
    this.batch = null;
    this._message = message;
    this._waiting = [];

    const deflater = pmd.createSharedDeflater();
    const result = deflater.runShared(message.keep(), deflated, this, deflater);

    if (result !== undefined) deflated(result, this, deflater);
  }

  /**
   * @param {Function} callback Called when it was compressed, or could not be;
   *     at once if that is so already
   */
  whenReady(callback) {
    if (this.isReady) callback();
    else this._waiting.push(callback);
  }

  _settle(bytes) {
    const { bytes: message } = this._message;
    const waiting = this._waiting;

    this._waiting = [];
    this.isReady = true;
    this.bytes = bytes;
    this.end = message.subarray(-MOST_REFERRED_TO);
    callAll(waiting, 0);
  }
}

/** What cannot be compressed is sent as it is: it is no fault of a connection. */
function deflated(result, message, deflater) {
  deflater.free();
  message._settle(typeof result === 'object' ? result : null);
}

/** One that throws must not keep the others from being called. */
function callAll(callbacks, from) {
  for (let i = from; i < callbacks.length; i++) {
    let thrown = true;

    try {
      callbacks[i]();
      thrown = false;
    } finally {
      if (thrown) timers.setImmediate(callAll, callbacks, i + 1);
    }
  }
}

module.exports = Deflated;

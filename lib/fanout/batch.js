'use strict';

const { kConnection } = require('../members');
const native = require('../native');
const numbers = require('../native/numbers');
const { DRAINS_AT } = require('../wire/outbox');
const Tick = require('../wire/tick');

const { LENGTH, MORE_MESSAGES } = numbers.flag;
const { REST, SCHEDULE } = numbers.sent;

/** Connections, and the ids of their native halves, that get the same frame. */
class Batch {
  constructor() {
    this._websockets = [];
    this._ids = new Float64Array(64);
    /** Their compressors, if the frame is compressed. */
    this._codecs = null;
  }

  /** How many there are. */
  get size() {
    return this._websockets.length;
  }

  add(websocket, id) {
    const index = this._websockets.push(websocket) - 1;

    if (index === this._ids.length) this._ids = twiceAsLong(this._ids);
    this._ids[index] = id;
  }

  /**
   * @param {Number} codec The compressor that has to know what its peer was
   *     sent, or a number that no compressor has
   */
  addWithCodec(websocket, id, codec) {
    const index = this.size;

    this.add(websocket, id);
    if (this._codecs === null || this._codecs.length < this._ids.length) {
      const codecs = new Float64Array(this._ids.length);

      if (this._codecs !== null) codecs.set(this._codecs);
      this._codecs = codecs;
    }

    this._codecs[index] = codec;
  }

  /**
   * Sends a frame on all of them, and forgets them.
   *
   * @param {Buffer} payload The payload
   * @param {Number} first The first byte of the frame
   * @param {Buffer} [end] The end of the message, if it is compressed
   * @param {Number} [full] How long it is then
   * @return {WebSocket[]|null} Those on which it could not be sent like that
   */
  send(payload, first, end, full) {
    const websockets = this._websockets;
    const ids = this._ids;

    if (websockets.length === 0) return null;

    if (payload.length >= DRAINS_AT) {
      for (const ws of websockets) {
        ws[kConnection].output.drainSoon(payload.length, false);
      }
    }

    const codecs = this._codecs ?? undefined;
    const flags =
      first |
      (Tick.hasMoreMessages ? MORE_MESSAGES : 0) |
      (full === undefined ? 0 : LENGTH);
    const { length } = websockets;
    const code = native.share(ids, length, codecs, payload, flags, end, full);
    let rest = null;

    if (code >>> REST !== 0) {
      rest = Array.from(
        ids.subarray(0, code >>> REST),
        (index) => websockets[index]
      );
    }

    websockets.length = 0;
    if ((code & SCHEDULE) !== 0) Tick.schedule();
    return rest;
  }
}

function twiceAsLong(array) {
  const longer = new Float64Array(2 * array.length);

  longer.set(array);
  return longer;
}

module.exports = Batch;

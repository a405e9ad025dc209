'use strict';

const assert = require('node:assert');
const { inflateRawSync, constants } = require('node:zlib');

const { BINARY, CLOSE, PING, TEXT } = require('../frames');

/** What RFC 7692, section 7.2.1, takes off each message. */
const TAIL = Buffer.from('0000ffff', 'hex');

/** On Node 20 the write that is under way when a socket is destroyed succeeds, as Node says. */
const NODE_20 = Number(process.versions.node.split('.')[0]) < 22;

/** Keeps what a WebSocket was given to send, and what the callbacks were told. */
class Ledger {
  entries = [];

  constructor(ws) {
    this._ws = ws;
  }

  send(data, { isLong = false } = {}) {
    const entry = this.#enter(typeof data === 'string' ? TEXT : BINARY, data);

    entry.isLong = isLong;
    this._ws.send(data, (...args) => entry.reports.push(args));
  }

  sendBlob(bytes) {
    const entry = this.#enter(BINARY, bytes);

    this._ws.send(new Blob([bytes]), (...args) => entry.reports.push(args));
  }

  ping(data) {
    const entry = this.#enter(PING, data);

    this._ws.ping(data, undefined, (...args) => entry.reports.push(args));
  }

  /** What somebody else is to write behind all that. */
  expect(opcode, data) {
    this.#enter(opcode, data).reports.push([null]);
  }

  #enter(opcode, data) {
    const entry = { opcode, payload: Buffer.from(data), reports: [] };

    this.entries.push(entry);
    return entry;
  }

  /** Whether each callback has come. */
  isSettled() {
    return this.entries.every(({ reports }) => reports.length > 0);
  }

  /**
   * Checks that each callback came once, with what it may be told.
   *
   * @param {Number} arrived How many of the frames the peer has got
   * @param {Boolean} isOrderly Whether what the kernel took arrives
   */
  checkCallbacks(arrived, isOrderly) {
    for (const [i, { isLong, reports }] of this.entries.entries()) {
      assert.strictEqual(reports.length, 1, `Callback ${i}: ${reports.length}`);
      assert.ok(reports[0].length <= 1);

      const [value] = reports[0];
      const isFailure = value instanceof Error;

      assert.ok(isFailure || value == null, `Callback ${i} got ${value}`);
      if (isOrderly && !isFailure && !(isLong && NODE_20)) {
        assert.ok(
          i < arrived,
          `Callback ${i} says it was written, and it is not`
        );
      }
    }
  }

  /**
   * Checks that bytes are a beginning of the frames that were sent, and of one close frame.
   *
   * @param {Inbox} inbox What the peer has got
   * @return {Number} How many of the frames have arrived whole
   */
  checkBytes({ frames, rest }) {
    let arrived = 0;

    for (const frame of frames) {
      if (frame.opcode === CLOSE) {
        const isLast = arrived === this.entries.length && rest.length === 0;

        assert.ok(isLast, `A close frame behind ${arrived} frames`);
        assert.strictEqual(frame, frames.at(-1));
        break;
      }

      const entry = this.entries[arrived];

      assert.ok(entry, `Frame ${arrived} is one too many`);
      assert.strictEqual(frame.opcode, entry.opcode, `Opcode of ${arrived}`);
      assert.ok(
        frame.fin && (frame.rsv === 0 || frame.rsv === 4),
        `Head of frame ${arrived}`
      );
      // Comparing Buffers by assert would print megabytes.
      assert.ok(
        payloadOf(frame).equals(entry.payload),
        `Payload of frame ${arrived}`
      );
      arrived++;
    }

    if (rest.length > 0) this.#checkTorn(rest, arrived);
    return arrived;
  }

  /** Checks the bytes of a frame that is not complete. */
  #checkTorn(bytes, index) {
    const { opcode, payload } = this.entries[index] ?? { opcode: CLOSE };

    assert.strictEqual(bytes[0] & 0x8f, 0x80 | opcode, `Opcode of ${index}`);
    // What a compressed frame, or a close frame, goes on with is not known.
    if (bytes[0] & 0x40 || opcode === CLOSE) return;

    const form = payload.length < 126 ? 0 : payload.length < 65536 ? 2 : 8;
    const start = 2 + form + (bytes[1] & 0x80 ? 4 : 0);

    if (bytes.length <= start) return;

    const length =
      form === 0
        ? bytes[1] & 0x7f
        : form === 2
          ? bytes.readUInt16BE(2)
          : Number(bytes.readBigUInt64BE(2));
    const mask = bytes[1] & 0x80 ? bytes.subarray(start - 4, start) : null;
    const part = bytes.subarray(start);

    assert.strictEqual(length, payload.length, `Length of frame ${index}`);
    assert.ok(
      unmasked(part, mask).equals(payload.subarray(0, part.length)),
      `Payload of frame ${index}, of which ${part.length} bytes came`
    );
  }
}

function payloadOf({ payload, rsv }) {
  if (rsv === 0) return payload;

  return inflateRawSync(Buffer.concat([payload, TAIL]), {
    finishFlush: constants.Z_SYNC_FLUSH
  });
}

/** Unmasks four bytes at a time: payloads here are long. */
function unmasked(bytes, mask) {
  if (mask === null) return bytes;

  const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);

  bytes.copy(padded);

  const words = new Uint32Array(
    padded.buffer,
    padded.byteOffset,
    padded.length / 4
  );
  const [word] = new Uint32Array(new Uint8Array(mask).buffer);

  for (let i = 0; i < words.length; i++) words[i] ^= word;
  return padded.subarray(0, bytes.length);
}

/** What a peer has got: the frames that are complete, and the rest. */
class Inbox {
  frames = [];
  #bytes = Buffer.alloc(1024);
  #end = 0;
  #start = 0;

  get rest() {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Takes bytes; returns the frames that are complete with them. */
  push(chunk) {
    const before = this.frames.length;
    const end = this.#end + chunk.length;

    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * end);

      this.#bytes.copy(larger, 0, 0, this.#end);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#end);
    this.#end = end;
    while (this.#take());
    return this.frames.slice(before);
  }

  #take() {
    const bytes = this.rest;
    const length = bytes.length < 2 ? Infinity : frameLength(bytes);

    if (bytes.length < length) return false;

    const isMasked = (bytes[1] & 0x80) !== 0;
    const form = { 126: 2, 127: 8 }[bytes[1] & 0x7f] ?? 0;
    const start = 2 + form + (isMasked ? 4 : 0);
    const mask = isMasked ? bytes.subarray(start - 4, start) : null;

    this.#start += length;
    this.frames.push({
      fin: (bytes[0] & 0x80) !== 0,
      isMasked,
      opcode: bytes[0] & 0x0f,
      payload: unmasked(bytes.subarray(start, length), mask),
      rsv: (bytes[0] >> 4) & 7
    });
    return true;
  }
}

/** The length of the frame that begins here, or `Infinity` if it is not known yet. */
function frameLength(bytes) {
  const short = bytes[1] & 0x7f;
  const mask = bytes[1] & 0x80 ? 4 : 0;

  if (short < 126) return 2 + mask + short;
  if (short === 126) {
    return bytes.length < 4 ? Infinity : 4 + mask + bytes.readUInt16BE(2);
  }
  return bytes.length < 10
    ? Infinity
    : 10 + mask + Number(bytes.readBigUInt64BE(2));
}

module.exports = { Inbox, Ledger };

'use strict';

const native = require('../native');
const numbers = require('../native/numbers');
const { FinalizationRegistry } = require('../weak');
const { streamLength } = require('../wire/frame-queue');

/** Frees the native halves of servers that are gone. */
const forgotten = new FinalizationRegistry((id) => native.meterFree(id));

/** Behind the numbers of the native half come those of close codes. */
const CLOSED_FROM = numbers.meter.NUMBERS;

/**
 * What a server counts. Most of it is counted natively, and here only what is
 * rare.
 */
class Metrics {
  constructor() {
    /** The native half, which connections are told of. */
    this.id = native.meterCreate();
    this._fallbacks = new Map();
    forgotten.register(this, this.id);
  }

  /** A connection was not accepted natively, for some reason. */
  noteFallback(why) {
    this._fallbacks.set(why, (this._fallbacks.get(why) ?? 0) + 1);
  }

  /**
   * @param {Iterable<WebSocket>} [websockets] The connections, if they are known: what
   *     waits in their streams counts, too
   * @return {Object} See docs/api.md
   */
  read(websockets) {
    const read = native.meterRead(this.id);
    const [loop, stream, threads, opened, accepted, materialized] = read;
    const [messagesIn, bytesIn, wireIn] = read.slice(6);
    const [messagesOut, bytesOut, wireOut] = read.slice(9);
    const [queued, dropped, missed] = read.slice(12);
    const closed = {};

    for (let i = CLOSED_FROM; i < read.length; i += 2) {
      closed[read[i]] = read[i + 1];
    }

    return {
      connections: {
        open: loop + stream + threads,
        loop,
        stream,
        threads,
        light: accepted - materialized
      },
      opened,
      acceptedNatively: accepted,
      acceptedByNode: Object.fromEntries(this._fallbacks),
      materialized,
      closed,
      received: { messages: messagesIn, bytes: bytesIn, wireBytes: wireIn },
      sent: { messages: messagesOut, bytes: bytesOut, wireBytes: wireOut },
      queuedBytes: queued + inStreams(websockets),
      dropped,
      heartbeatsMissed: missed
    };
  }
}

/** Bytes that wait in streams. */
function inStreams(websockets) {
  let bytes = 0;

  for (const ws of websockets ?? []) {
    if (ws.transport === 'stream') bytes += streamLength(ws._socket);
  }

  return bytes;
}

module.exports = Metrics;

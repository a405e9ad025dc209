'use strict';

/** What one connection has to be given, as a model, beside what its peer got. */
class Connection {
  constructor(world, index, ws, peer, server) {
    this.world = world;
    this.index = index;
    this.ws = ws;
    this.peer = peer;
    this.server = server;
    /** What the peer is to get, in order; those with `isOptional` perhaps. */
    this.expected = [];
    this.at = 0;
    /** The fragmented message that is not over, and what waits for its end. */
    this.fragments = null;
    this.held = [];
    /** `'close'`: a close frame ends it; `'cut'`: at any moment. */
    this.ending = null;
    /** What the server is to get. */
    this.toServer = [];
    this.atServer = 0;
    this.bytesToServer = 0;
    this.isPeerClosing = false;
    this.isClosed = false;
    this.code = null;
    /** Callbacks of `send()` without a result, in order. */
    this.callbacks = [];
    this.wasOver = false;
    this.drains = 0;
    this.mayExceed = false;
    this.messages = 0;
    this.bytes = 0;
  }

  get name() {
    return `connection ${this.index} (${this.server.kind}, ${this.ws.transport})`;
  }

  fault(text) {
    this.world.fault(`${this.name}: ${text}`);
  }

  /** A message is given to it. */
  give(bytes, isBinary, isOptional = false, isShared = true) {
    const event = { data: bytes, isBinary, isOptional, type: 'message' };

    if (this.fragments !== null && isShared) this.held.push(event);
    else this.push(event);
  }

  fragment(bytes, isBinary, fin) {
    this.fragments ??= { isBinary, parts: [] };
    this.fragments.parts.push(bytes);
    this.bytes += bytes.length;
    if (!fin) return;

    const { isBinary: its, parts } = this.fragments;

    this.fragments = null;
    this.messages++;
    this.expected.push({
      data: Buffer.concat(parts),
      isBinary: its,
      type: 'message'
    });
    for (const event of this.held.splice(0)) this.push(event);
  }

  push(event) {
    if (event.type === 'message') {
      this.messages++;
      this.bytes += event.data.length;
    }
    this.expected.push(event);
  }

  /** The peer got something. */
  got(event) {
    const { type } = event;

    if (type === 'close') {
      this.closeFrame = event.data;
      if (!this.peer.isCut) this.peer.frame(0x88, event.data.subarray(0, 2));
    }
    if (type === 'ping') {
      // A heartbeat never ends, and pongs under way are counted at one end only.
      if (!this.peer.isCut && !this.isPeerClosing && !this.world.isMute) {
        this.peer.frame(0x8a, event.data);
      }
      const next = this.expected[this.at];

      // One of the heartbeat's.
      if (
        this.world.config.heartbeat &&
        event.data.length === 6 &&
        !(next?.type === 'ping' && next.data.equals(event.data))
      ) {
        return;
      }
    }
    if (type === 'pong') {
      const i = this.pongs?.findIndex((one) => one.equals(event.data)) ?? -1;

      if (i === -1) {
        this.fault(`a pong of nobody: ${event.data.toString('hex')}`);
      }
      // Older ones may be left out.
      else this.pongs.splice(0, i + 1);
      return;
    }

    for (;;) {
      const next = this.expected[this.at];

      if (next === undefined) {
        if (type === 'close') return;
        this.fault(`${show(event)} behind the last that was to come`);
        return;
      }
      if (isSame(next, event)) {
        this.at++;
        return;
      }
      if (type === 'close') {
        if (this.ending === null) this.fault('an unexpected close frame');
        else if (!next.isOptional && !this.isPeerClosing) {
          this.fault(`a close frame instead of ${show(next)}`);
        }
        return;
      }
      if (!next.isOptional) {
        this.fault(
          `${show(event)} instead of ${show(next)} (${this.at} of ${this.expected.length})`
        );
        return;
      }
      this.at++;
    }
  }

  /** Whether all has come that has to. */
  get isDone() {
    for (let i = this.at; i < this.expected.length; i++) {
      if (!this.expected[i].isOptional) return false;
    }
    return true;
  }
}

function isSame(one, other) {
  return (
    one.type === other.type &&
    (one.type !== 'message' || one.isBinary === other.isBinary) &&
    one.data.equals(other.data)
  );
}

function show({ data, isBinary, type }) {
  const text =
    data.length > 40
      ? `${data.toString('latin1', 0, 40)}…`
      : data.toString('latin1');

  return `${type}${isBinary === undefined ? '' : isBinary ? ' binary' : ' text'} ${data.length} ${JSON.stringify(text)}`;
}

module.exports = Connection;

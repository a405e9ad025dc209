'use strict';

const { os } = require('../builtins');
const native = require('../native');
const { HEARTBEAT, UNREAD } = require('../native/numbers').left;
const { systemError, tlsError } = require('./errors');
const heartbeatNews = require('./heartbeat-news');
const { endedByPeer } = require('./light-socket');
const { materialize } = require('./materialize');
const slotOf = require('./slot');
const takeHandle = require('./taken-handle');
const { kLoop } = require('./taken-socket');
const trace = require('./trace');

const { ECANCELED } = os.constants.errno;

const forced = forcedTransport(process.env.WS_RS_TRANSPORT);
const isForced = forced === 'loop';

/**
 * Those on this transport, and those that wait for a request, by the slot of
 * their native half.
 */
const connections = [];
/**
 * Connections that were given back to Node, and of which an I/O thread has read
 * more, by their native halves.
 */
const leaving = new Map();
/** Handles whose streams wait for a write to be over, by the same slot. */
const writers = new Map();
/** Who sees to what was taken from listening sockets, by their descriptors. */
const acceptors = new Map();

/**
 * Reads a socket on the event loop, in Rust, past Node's own reading of it.
 *
 * Every connection begins on the stream transport. It is promoted in the next
 * macrotask if nobody else wants the socket's bytes, and demoted as soon as
 * somebody does; the decoder goes on where it is, in the middle of a frame too.
 *
 * A connection that is only not idle at that moment, or goes back to Node
 * because it is paused, is tried again when Node next reads something for it.
 *
 * Its events come in one async context, whoever reads the socket: that of the
 * socket's handle.
 */
class LoopTransport {
  constructor(connection) {
    this._connection = connection;
    this._id = undefined;
    this._id = connection.decoder.id;
  }

  /**
   * Gives the socket back to Node.
   *
   * @param {String} why What the program has done
   */
  demote(why) {
    // A test of this transport wants no other.
    if (isForced) return;

    materialize(this._connection.socket);
    this._close(why);
    if (!this.isLeaving) readAgain(this._connection.socket);
  }

  /**
   * What comes while the decoder is busy is to be queued, or left with its I/O
   * thread, unless it is busy `forGood`.
   */
  setBusy(busy, forGood = false) {
    native.loopBusy(this._id, busy, forGood);
  }

  setPaused(paused) {
    if (paused) this._takeBehind();
    native.loopPause(this._id, paused);
  }

  setReferenced(referenced) {
    native.loopReference(this._id, referenced);
  }

  /**
   * What libuv would have read together with the message that is being handed out
   * comes behind it, whatever its listener does.
   */
  _takeBehind() {
    const { decoder } = this._connection;

    if (!decoder.busy) return;

    const chunk = native.loopBehind(this._id);

    if (chunk !== undefined) this._connection.queue(chunk);
  }

  /** The descriptor is about to be closed, or belongs to somebody else now. */
  release() {
    this._takeBehind();
    this._connection.loop = null;
    this._connection.decoder.copies = false;
    this._connection.socket[kLoop] = null;
    connections[slotOf(this._id)] = undefined;

    const answer = native.loopClose(this._id);

    if ((answer & UNREAD) !== 0) leaving.set(slotOf(this._id), this);
    if ((answer & HEARTBEAT) !== 0) heartbeatNews.onReclaimed();
  }

  /** Whether Node is to read again as soon as it has what a thread has read. */
  get isLeaving() {
    return leaving.get(slotOf(this._id)) === this;
  }

  /** Gives the descriptor back to Node: from now on its stream writes. */
  _close(why) {
    const { output } = this._connection;

    trace(this._connection, `back to stream: ${why}`);

    output.demote();
    this.release();
  }

  /**
   * Somebody closes the handle, past the socket.
   *
   * @return {Error|undefined} What a write that is under way in Node fails with,
   *     and the socket with it
   */
  onHandleClosing() {
    const { output, socket } = this._connection;

    output.writeNow();

    const isUnderWay = output.blockedLength > 0;
    const err = isUnderWay ? systemError(ECANCELED, 'write') : undefined;
    const callLost = output.close(err, err);

    if (callLost !== undefined) {
      takeHandle.beforeClosed(socket._handle, callLost);
    }

    this.release();
    return err;
  }

  /** Somebody starts or stops the handle's reading, past the socket. */
  onHandleReading() {
    // As Node left it: the socket believes that it reads.
    if (isForced) return;

    this._close('the program starts or stops its reading');
    // Before Node reads what comes behind it.
    if (this.isLeaving) native.loopUnread(this._id);
  }

  /**
   * A chunk has come while the socket is paused. What then happens, up to how
   * much is read and whether the process lives, is best left to Node.
   *
   * @param {Buffer} chunk The chunk
   * @param {Boolean} isLast Whether libuv would meet the end right behind it, if the
   *     stream wants more: when it reads later it is a reset that it meets
   */
  onPaused(chunk, isLast) {
    const connection = this._connection;
    const { socket } = connection;

    materialize(socket);
    this._close('bytes came while it is paused; until the next read');
    connection.promoteLater = true;
    const wantsMore = socket.push(chunk);

    if (isLast && wantsMore) endStream(socket);
    else if (!this.isLeaving) readOn(socket, wantsMore);
  }

  /** A chunk that a thread has read comes behind what Node has. */
  onUnread(chunk) {
    const { socket } = this._connection;

    this._wantsMore = socket.push(chunk);
    // The stream wants no more for now. As soon as it does Node reads again,
    // behind all of these chunks.
    if (!this._wantsMore) stopReading(socket);
  }

  /** That was all that a thread has read; behind it there is an error, or 0. */
  onAllRead(errno) {
    const { socket } = this._connection;

    leaving.delete(slotOf(this._id));
    if (errno !== 0) socket.destroy(systemError(errno, 'read'));
    else if (this._wantsMore) readAgain(socket);
  }

  /**
   * Its thread has found that the peer does not live, and has ended the socket.
   */
  onDead() {
    const { websocket } = this._connection;

    leaving.delete(slotOf(this._id));

    try {
      heartbeatNews.onDead(websocket, this._id);
    } finally {
      // If a terminate() of the program's has not ended it, the end does that.
      if (!this._connection.socket.destroyed) this.onEnd();
    }
  }

  /** The peer sends no more: `'end'` and what follows are Node's. */
  onEnd() {
    const { socket } = this._connection;

    if (!endedByPeer(socket, () => this._onEndOfStream())) {
      this._onEndOfStream();
    }
  }

  _onEndOfStream() {
    const { socket } = this._connection;

    if (socket.destroyed) return;

    // Unless it was given back meanwhile.
    if (this._connection.loop === this) this._close('its peer sends no more');
    endStream(socket);
  }

  onError(errno) {
    this._connection.socket.destroy(
      tlsError(native.tlsError(this._id)) ?? systemError(errno, 'read')
    );
  }
}

/** Whether Node's stream wants more of what a thread has read. */
LoopTransport.prototype._wantsMore = true;

/** Has Node read if the stream wants more, and else when it does. */
function readOn(socket, wantsMore) {
  if (wantsMore) readAgain(socket);
  else stopReading(socket);
}

/** As Node does when libuv says that the peer sends no more. */
function endStream(socket) {
  socket.push(null);
  socket.read(0);
}

function stopReading({ _handle: handle }) {
  if (!handle) return;

  handle.reading = false;
  handle.readStop();
}

function readAgain(socket) {
  const handle = socket._handle;

  if (!handle || socket.destroyed) return;

  handle.reading = true;
  handle.readStart();
}

function forcedTransport(name) {
  if (
    name === undefined ||
    name === '' ||
    name === 'stream' ||
    name === 'loop'
  ) {
    return name;
  }

  throw new Error(
    `WS_RS_TRANSPORT is "${name}"; set it to "stream" or "loop", or unset it`
  );
}

/** The native half ends, and with it what a thread has read of it. */
function forget(id) {
  if (leaving.size > 0) leaving.delete(slotOf(id));
}

module.exports = {
  LoopTransport,
  acceptors,
  forced,
  connections,
  forget,
  leaving,
  writers
};

'use strict';

const { executionAsyncId } = require('async_hooks');
const net = require('net');
const { getSystemErrorName } = require('util');

const { EMPTY_BUFFER } = require('../constants');
const Decoder = require('../connection/decoder');
const emitMessage = require('../connection/message-event');
const native = require('../native');
const { createSlab, IS_DETACHABLE } = require('../native/slab');
const timers = require('../timers');
const FlushQueue = require('./flush-queue');
const { isPlain } = require('./hooks');
const placeOf = require('./place');
const TakenSocket = require('./taken-socket');

const { kLoop } = TakenSocket;

const FastBuffer = Buffer[Symbol.species];

/** What sockets are read into. */
const SLAB_SIZE = 64 * 1024;

/** Row 0 of a batch; src/binding/event_loop/turn.rs has the same numbers. */
const POSITION = 0;
const LENGTH = 1;
const BASE = 2;
const PLACE = 3;
/** Row 1; see decoder.js. */
const FIRST_START = 5;
const FIRST_LENGTH = 6;
const OWN = 0xffffffff;
const OWN_UNUSED = 0xfffffffe;

const END = -1;
const UNDECODED = -2;
const NO_SLAB = -3;
const PAUSED = -4;
const WHOLE_TEXT = -5;
const WHOLE_BINARY = -6;
const UNWRITTEN = -7;
const NO_SPARE = -8;
const FAILED = -1000;

const OPEN = 1;

const forced = forcedTransport(process.env.WS_RS_TRANSPORT);
const isForced = forced === 'loop';
// The uv_* functions of Bun and Deno carry the names and little else.
const isAvailable =
  forced !== 'stream' &&
  !process.versions.bun &&
  !process.versions.deno &&
  native.loopAvailable() === 1;

/** Whose connections are on this transport, by the place of their native half. */
const websockets = [];
let slab = null;
let events = null;

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
  /**
   * Promotes a connection soon, if it is a candidate.
   *
   * @param {Connection} connection The connection, just opened
   */
  static schedule(connection) {
    if (!isAvailable || !isPlain(connection.socket)) return;

    connection.wantsContext = true;
    LoopTransport.capture(connection);

    // Forced: behind what Node has read already, before anything else comes.
    if (isForced) timers.nextTick(promote, connection);
    else timers.setImmediate(promote, connection);
  }

  /**
   * Notes the async context of the socket's handle, if that is where we are: a
   * client is made there, and there Node calls when it has read something.
   *
   * @param {Connection} connection One that `wantsContext`
   */
  static capture(connection) {
    const handle = connection.socket._handle;

    if (handle && handle.getAsyncId() === executionAsyncId()) {
      connection.wantsContext = false;
      native.captureContext(connection.decoder.id, handle);
    }
  }

  /** Tries again, in the next macrotask; see `Connection#promoteLater`. */
  static retry(connection) {
    connection.promoteLater = false;
    timers.setImmediate(promote, connection);
  }

  constructor(connection) {
    this._connection = connection;
    this._id = connection.decoder.id;
  }

  /** Gives the socket back to Node. */
  demote() {
    // A test of this transport wants no other.
    if (isForced) return;

    this._close();
    readAgain(this._connection.socket);
  }

  /** What comes while the decoder is busy is to be queued. */
  setBusy(busy) {
    native.loopBusy(this._id, busy);
  }

  setPaused(paused) {
    native.loopPause(this._id, paused);
  }

  setReferenced(referenced) {
    native.loopReference(this._id, referenced);
  }

  /** The socket is being destroyed. */
  onDestroy() {
    this._close();
  }

  _close() {
    this._connection.loop = null;
    this._connection.socket[kLoop] = null;
    websockets[placeOf(this._id)] = undefined;
    native.loopClose(this._id);
  }

  /**
   * A chunk has come while the socket is paused. What then happens, up to how
   * much is read and whether the process lives, is best left to Node.
   */
  _onPaused(chunk) {
    const connection = this._connection;
    const { socket } = connection;

    this._close();
    connection.promoteLater = true;
    if (socket.push(chunk)) readAgain(socket);
    else socket._handle.reading = false;
  }

  /** The peer sends no more: `'end'` and what follows are Node's. */
  _onEnd() {
    const { socket } = this._connection;

    this._close();
    socket.push(null);
    socket.read(0);
  }

  _onError(errno) {
    const { socket } = this._connection;
    const code = getSystemErrorName(-errno);
    const error = new Error(`read ${code}`);

    error.errno = -errno;
    error.code = code;
    error.syscall = 'read';

    this._close();
    socket.destroy(error);
  }
}

/**
 * Called from the event loop: once for each read that gave something, and when
 * native code needs memory or the kernel did not take all that was sent.
 *
 * @param {Number} what A number of rows, or one of the numbers below 0 above
 */
function onReadable(what) {
  const { rows } = events;
  const websocket = websockets[rows[PLACE]];

  if (what === NO_SLAB) {
    renewSlab();
  } else if (what === UNWRITTEN) {
    FlushQueue.flushPlace(rows[PLACE]);
  } else if (what === NO_SPARE) {
    events.payloads[0] = Buffer.allocUnsafeSlow(rows[LENGTH]);
  } else if (websocket === undefined) {
    // It was closed by what came before.
  } else if (
    what === WHOLE_TEXT ||
    (what === WHOLE_BINARY && websocket._binaryType === 'nodebuffer')
  ) {
    // What most chunks are; the decoder need not be told of them.
    emitMessage(websocket, wholeMessage(rows), what === WHOLE_BINARY);
  } else {
    onChunk(websocket._connection, what === WHOLE_BINARY ? 1 : what);
  }
}

function wholeMessage(rows) {
  const start = rows[FIRST_START];
  const length = rows[FIRST_LENGTH];

  if (length === 0) return EMPTY_BUFFER;
  if (rows[BASE] === OWN) return new FastBuffer(takeSpare(), start, length);
  return new FastBuffer(slab.buffer, rows[BASE] + start, length);
}

/** Gives the memory of a long message away, and makes some for the next. */
function takeSpare() {
  const { payloads } = events;
  const { buffer } = payloads[0];

  payloads[0] = Buffer.allocUnsafeSlow(buffer.byteLength);
  return buffer;
}

function onChunk(connection, what) {
  const { rows } = events;
  const length = rows[LENGTH];
  const base = rows[BASE];

  if (what <= FAILED) {
    connection.loop._onError(FAILED - what);
  } else if (what === END) {
    connection.loop._onEnd();
  } else if (what === UNDECODED) {
    connection.feed(slab.subarray(base, base + length));
  } else if (what === PAUSED) {
    connection.loop._onPaused(slab.subarray(base, base + length));
  } else if (base === OWN) {
    connection.takeDecoded(takeSpare(), 0, length, rows[POSITION], what);
  } else if (base === OWN_UNUSED) {
    // All of it was copied to where its message is put together.
    const { buffer } = EMPTY_BUFFER;

    connection.takeDecoded(buffer, 0, length, rows[POSITION], what);
  } else {
    connection.takeDecoded(slab.buffer, base, length, rows[POSITION], what);
  }
}

function renewSlab() {
  slab = createSlab(SLAB_SIZE);
  native.setSlab(slab, IS_DETACHABLE);
}

function readAgain(socket) {
  const handle = socket._handle;

  if (!handle || socket.destroyed) return;

  handle.reading = true;
  handle.readStart();
}

function promote(connection) {
  if (!isCandidate(connection)) return;

  if (!isIdle(connection) || !isContextKnown(connection)) {
    connection.promoteLater = true;
    return;
  }

  const { socket, decoder, output } = connection;
  const handle = socket._handle;

  if (events === null) {
    events = Decoder.firstLevel();
    renewSlab();
    native.onReadable(onReadable);
  }

  // Not `delete`, which would make a dictionary of the socket, and by name, as
  // V8 then goes on with one shape for all sockets.
  if (Object.hasOwn(socket, 'on')) {
    socket.on = TakenSocket.prototype.on;
    socket.addListener = TakenSocket.prototype.addListener;
    socket.prependListener = TakenSocket.prototype.prependListener;
  }

  output.hook();
  // Node then believes that it reads, and does not begin to.
  handle.readStop();
  handle.reading = true;

  if (
    native.loopOpen(
      decoder.id,
      handle.fd,
      !decoder.allowSynchronousEvents,
      !handle.getpeername
    ) !== 1
  ) {
    handle.readStart();
    connection.promoteLater = true;
    return;
  }

  const transport = new LoopTransport(connection);

  websockets[placeOf(decoder.id)] = connection.websocket;
  connection.loop = transport;
  socket[kLoop] = transport;

  if (!handle.hasRef()) transport.setReferenced(false);
  if (connection.isBusy) connection.holdLoop();
  if (socket.isPaused()) transport.setPaused(true);
}

/** Methods that Node's HTTP server leaves on sockets, of no use after it. */
const WRAPPERS = ['on', 'addListener', 'prependListener'];
const WRAPPER_NAMES = ['socketListenerWrap', 'socketSetEncoding'];

/** Methods that, put on a socket, show that somebody watches its bytes. */
const TELLTALES = [
  ...WRAPPERS,
  '_destroy',
  '_read',
  'destroy',
  'emit',
  'pause',
  'push',
  'read',
  'resume',
  'setEncoding',
  'unshift',
  'write'
];

/** Whether a connection may be promoted, if not now. */
function isCandidate(connection) {
  const { socket, websocket } = connection;
  const handle = socket._handle;

  return (
    websocket._readyState === OPEN &&
    connection.loop === null &&
    !socket.destroyed &&
    socket.readable &&
    socket.writable &&
    !!handle &&
    handle.fd >= 0 &&
    isPlain(socket) &&
    (isForced || isUntouched(connection, socket))
  );
}

/** Whether nobody shows any interest in the socket's bytes. */
function isUntouched(connection, socket) {
  const state = socket._readableState;

  return (
    connection.receiver === null &&
    !socket.timeout &&
    socket.listenerCount('data') === 1 &&
    socket.listenerCount('readable') === 0 &&
    state.pipes.length === 0 &&
    state.encoding === null &&
    TELLTALES.every((name) => isOrdinary(socket, name))
  );
}

/**
 * Whether the context of the socket's handle was noted, or is the empty one, in
 * which libuv accepts connections and in which native code is called, too.
 */
function isContextKnown({ socket, wantsContext }) {
  return isForced || !wantsContext || Boolean(socket._server);
}

/** Whether no bytes are on their way in Node. */
function isIdle(connection) {
  const { socket } = connection;
  const handle = socket._handle;

  if (socket.readableLength > 0 || socket._readableState.ended) return false;

  return (
    isForced ||
    (!connection.isBusy &&
      !socket.isPaused() &&
      handle.reading === true &&
      !handle.writeQueueSize &&
      socket.writableLength === 0)
  );
}

/** Whether a method is Node's own, be it one that its HTTP server put there. */
function isOrdinary(socket, name) {
  if (!Object.hasOwn(socket, name)) return true;

  const method = socket[name];

  return (
    method === net.Socket.prototype[name] ||
    method === TakenSocket.prototype[name] ||
    WRAPPER_NAMES.includes(method.name)
  );
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

module.exports = LoopTransport;

'use strict';

const { executionAsyncId } = require('async_hooks');
const net = require('net');
const os = require('os');

const { EMPTY_BUFFER } = require('../constants');
const Decoder = require('../connection/decoder');
const emitMessage = require('../connection/message-event');
const { copyExactly } = require('../connection/message-memory');
const native = require('../native');
const timers = require('../timers');
const { systemError } = require('./errors');
const placeOf = require('./place');
const takeHandle = require('./taken-handle');
const { isPlain, kLoop, TakenSocket } = require('./taken-socket');
const Tick = require('./tick');

const FastBuffer = Buffer[Symbol.species];
const { ECANCELED } = os.constants.errno;

/** Row 0 of a batch. */
const POSITION = 0;
const LENGTH = 1;
const SOURCE = 2;
const PLACE = 3;
/** Row 1; see decoder.js. */
const FIRST_START = 5;
const FIRST_LENGTH = 6;

/** Where a chunk lies; src/binding/event_loop/turn.rs has the same numbers. */
const SCRATCH = 0;
const SPARE = 1;

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
let rows = null;
let payloads = null;
/**
 * The native memory that sockets are read into, over and over. No program may
 * see it: messages are copied out.
 */
let scratch = null;

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

  /** The descriptor is about to be closed, or is somebody else's now. */
  release() {
    this._connection.loop = null;
    this._connection.decoder.copies = false;
    this._connection.socket[kLoop] = null;
    websockets[placeOf(this._id)] = undefined;
    native.loopClose(this._id);
  }

  /** Gives the descriptor back to Node: from now on its stream writes. */
  _close() {
    const { output } = this._connection;

    output.demote();
    this.release();
  }

  /** Somebody closes the handle, past the socket. */
  onHandleClosing() {
    const { output, socket } = this._connection;

    output.beforeDestroy();

    const isUnderWay = output.blockedLength > 0;
    const err = isUnderWay ? systemError(ECANCELED, 'write') : undefined;
    const callLost = output.close(err);

    takeHandle.beforeClosed(socket._handle, () => {
      if (callLost !== undefined) callLost();
      // As a write that is under way in Node fails, and the socket with it.
      if (isUnderWay) socket.destroy(err);
    });

    this.release();
  }

  /** Somebody starts or stops the handle's reading, past the socket. */
  onHandleReading() {
    // As Node left it: the socket believes that it reads.
    if (!isForced) this._close();
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
    else if (socket._handle) socket._handle.reading = false;
  }

  /** The peer sends no more: `'end'` and what follows are Node's. */
  _onEnd() {
    const { socket } = this._connection;

    this._close();
    socket.push(null);
    socket.read(0);
  }

  _onError(errno) {
    this._connection.socket.destroy(systemError(errno, 'read'));
  }
}

/**
 * What is called from the event loop, in the connection's async context. Row 0
 * says whose event it is; src/binding/event_loop/listeners.rs, what the
 * arguments are.
 */
const listeners = {
  onMessages(count) {
    const websocket = websockets[rows[PLACE]];

    if (websocket !== undefined) takeDecoded(websocket._connection, count);
  },

  // What most chunks are; the decoder need not be told of them.
  onText() {
    const websocket = websockets[rows[PLACE]];

    if (websocket === undefined) return;

    const data = wholeMessage(websocket._connection);

    if (data !== null) emitMessage(websocket, data, false);
  },

  onBinary(count) {
    const websocket = websockets[rows[PLACE]];

    if (websocket === undefined) return;

    if (websocket._binaryType !== 'nodebuffer') {
      takeDecoded(websocket._connection, count);
      return;
    }

    const data = wholeMessage(websocket._connection);

    if (data !== null) emitMessage(websocket, data, true);
  },

  onUndecoded(length) {
    const websocket = websockets[rows[PLACE]];

    if (websocket === undefined) return;

    const { _connection: connection } = websocket;
    const chunk = attempt(connection, () => copyExactly(scratch, 0, length));

    if (chunk !== null) connection.feed(chunk);
  },

  onPaused(length) {
    const websocket = websockets[rows[PLACE]];

    if (websocket === undefined) return;

    const { _connection: connection } = websocket;
    const chunk = attempt(connection, () => copyExactly(scratch, 0, length));

    if (chunk !== null) connection.loop._onPaused(chunk);
  },

  onEnd() {
    const websocket = websockets[rows[PLACE]];

    if (websocket !== undefined) websocket._connection.loop._onEnd();
  },

  onError(errno) {
    const websocket = websockets[rows[PLACE]];

    if (websocket !== undefined) websocket._connection.loop._onError(errno);
  },

  onFailure(reason) {
    const websocket = websockets[rows[PLACE]];

    if (websocket === undefined) return;

    websocket._connection.fail(
      new Error(
        `ws-rs could not read a connection, please report it: ${reason}`
      )
    );
  },

  onNeedMemory(length) {
    makeSpare(length);
  },

  onUnwritten() {
    Tick.attend(rows[PLACE]);
  }
};

/** Without memory for a message its connection fails, and no other. */
function attempt(connection, body) {
  try {
    return body();
  } catch (err) {
    connection.fail(err);
    return null;
  }
}

function wholeMessage(connection) {
  const start = rows[FIRST_START];
  const length = rows[FIRST_LENGTH];

  if (length === 0) return EMPTY_BUFFER;

  try {
    if (rows[SOURCE] === SCRATCH) {
      return connection.decoder.copy(scratch, start, length);
    }

    const { buffer } = payloads[0];

    // A short one would keep all of it.
    if (2 * length < buffer.byteLength) {
      return connection.decoder.copy(buffer, start, length);
    }

    makeSpare(buffer.byteLength);
    // What others have left there is for nobody's eyes.
    new FastBuffer(buffer, start + length).fill(0);
    return new FastBuffer(buffer, start, length);
  } catch (err) {
    connection.fail(err);
    return null;
  }
}

/** Makes memory for the next long message. */
function makeSpare(length) {
  payloads[0] = undefined;

  try {
    payloads[0] = Buffer.allocUnsafeSlow(length);
  } catch {
    // There may be enough when it is needed.
  }
}

function onSpareTaken() {
  makeSpare(payloads[0].length);
}

function takeDecoded(connection, count) {
  const length = rows[LENGTH];
  const position = rows[POSITION];
  const source = rows[SOURCE];

  if (source === SCRATCH) {
    connection.takeDecoded(scratch, false, length, position, count);
  } else if (source === SPARE) {
    connection.takeDecoded(payloads[0].buffer, true, length, position, count);
  } else {
    // All of it was read to where its message was put together.
    connection.takeDecoded(EMPTY_BUFFER.buffer, false, 0, 0, count);
  }
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

  if (scratch === null) {
    ({ rows, payloads } = Decoder.firstLevel());
    scratch = native.onEvents(listeners);
  }

  // Not `delete`, which would make a dictionary of the socket, and by name, as
  // V8 then goes on with one shape for all sockets.
  if (Object.hasOwn(socket, 'on')) {
    socket.on = TakenSocket.prototype.on;
    socket.addListener = TakenSocket.prototype.addListener;
    socket.prependListener = TakenSocket.prototype.prependListener;
  }

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
  decoder.copies = true;
  decoder.onSpareTaken = onSpareTaken;
  connection.loop = transport;
  socket[kLoop] = transport;
  output.promote();

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
    Object.isExtensible(socket) &&
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

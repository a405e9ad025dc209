'use strict';

const { executionAsyncId } = require('async_hooks');
const net = require('net');

const native = require('../native');
const timers = require('../timers');
const { LoopTransport, forced, connections } = require('./loop');
const slotOf = require('./slot');
const { isPlain, kLoop, TakenSocket } = require('./taken-socket');

const OPEN = 1;

const isForced = forced === 'loop';
// The uv_* functions of Bun and Deno carry the names and little else.
const isAvailable =
  forced !== 'stream' &&
  !process.versions.bun &&
  !process.versions.deno &&
  native.loopAvailable() === 1;

/**
 * Promotes a connection soon, if it is a candidate.
 *
 * @param {Connection} connection The connection, just opened
 */
function schedule(connection) {
  if (!isAvailable || !isPlain(connection.socket)) return;

  connection.wantsContext = true;
  capture(connection);

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
function capture(connection) {
  const handle = connection.socket._handle;

  if (handle && handle.getAsyncId() === executionAsyncId()) {
    connection.wantsContext = false;
    native.captureContext(connection.decoder.id, handle);
  }
}

/** Tries again, in the next macrotask; see `Connection#promoteLater`. */
function retry(connection) {
  connection.promoteLater = false;
  timers.setImmediate(promote, connection);
}

function promote(connection) {
  if (!isCandidate(connection)) return;

  if (!isIdle(connection) || !isContextKnown(connection)) {
    connection.promoteLater = true;
    return;
  }

  const { socket, decoder, output } = connection;
  const handle = socket._handle;

  connection.listenToLoop();

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

  connections[slotOf(decoder.id)] = connection;
  decoder.copies = true;
  connection.loop = transport;
  socket[kLoop] = transport;
  output.promote();

  if (!handle.hasRef()) transport.setReferenced(false);
  if (connection.isBusy) connection.suspendLoop();
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

module.exports = { capture, retry, schedule };

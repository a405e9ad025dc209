'use strict';

const { asyncHooks, net } = require('../builtins');
const { OPEN } = require('../constants').READY_STATE;
const native = require('../native');
const timers = require('../timers');
const { noteServer } = require('./accepted-context');
const { LoopTransport, forced, connections, leaving } = require('./loop');
const slotOf = require('./slot');
const { isPlain, kLoop, kOwnTls, TakenSocket } = require('./taken-socket');
const trace = require('./trace');

const { executionAsyncId } = asyncHooks;

const isForced = forced === 'loop';
/** Why no connection of this process can be promoted; `null` if they can. */
const obstacle = findObstacle();

/**
 * Promotes a connection soon, if it is a candidate.
 *
 * @param {Connection} connection The connection, just opened
 */
function schedule(connection) {
  const against = obstacle ?? strangeness(connection.socket);

  if (against !== null) {
    trace(connection, `stays on stream: ${against}`);
    return;
  }

  connection.wantsContext = true;
  capture(connection);
  if (connection.socket._server) noteServer(connection.socket._server);

  // Forced: behind what Node has read already, before anything else comes.
  if (isForced) timers.nextTick(promote, connection);
  else timers.setImmediate(promote, connection, true);
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

function promote(connection, isNew = false) {
  if (connection.loop !== null) return;

  const against = objection(connection);

  if (against !== null) {
    trace(connection, `stays on stream: ${against}`);
    return;
  }

  if (
    !isIdle(connection) ||
    !isContextKnown(connection) ||
    (isNew && isReadable(connection.socket))
  ) {
    trace(connection, 'on stream until the next read: it is not idle');
    connection.promoteLater = true;
    return;
  }

  const { socket, output } = connection;
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

  if (!open(connection, handle)) {
    handle.readStart();
    trace(connection, 'on stream until the next read: its descriptor is taken');
    connection.promoteLater = true;
    return;
  }

  const transport = enter(connection);

  output.promote();

  if (!handle.hasRef()) transport.setReferenced(false);
  if (connection.isBusy) connection.suspendLoop();
  if (socket.isPaused()) transport.setPaused(true);
  trace(connection, 'to %s');
}

function open({ decoder, ioThreads, socket }, handle) {
  const { allowSynchronousEvents, id } = decoder;

  return socket[kOwnTls]
    ? handle.moveTo(id, !allowSynchronousEvents, ioThreads)
    : native.loopOpen(
        id,
        handle.fd,
        !allowSynchronousEvents,
        !handle.getpeername,
        ioThreads
      ) === 1;
}

/**
 * The native wire reads the socket of a connection.
 *
 * @param {Connection} connection The connection
 * @return {LoopTransport} What it is on now
 */
function enter(connection) {
  const { decoder, socket } = connection;
  const transport = new LoopTransport(connection);

  connections[slotOf(decoder.id)] = connection;
  decoder.copies = true;
  connection.loop = transport;
  socket[kLoop] = transport;
  return transport;
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

function findObstacle() {
  // The uv_* functions of Bun and Deno carry the names and little else.
  if (process.versions.bun) return 'Bun has another event loop';
  if (process.versions.deno) return 'Deno has another event loop';
  if (forced === 'stream') return 'WS_RS_TRANSPORT is "stream"';
  if (native.loopAvailable() === 1) return null;
  return `there is no loop transport for this Node on ${process.platform}`;
}

/** Why a socket can never be promoted, or `null`. */
function strangeness(socket) {
  if (isPlain(socket)) return null;
  if (socket.constructor === net.Socket) {
    return 'the write() of its socket was replaced';
  }

  const kind = socket.constructor ? socket.constructor.name : 'nameless';
  return `its socket is a ${kind}, not a net.Socket`;
}

/** Why a connection may not be promoted, or `null` if it may, if not now. */
function objection({ receiver, socket, websocket }) {
  const handle = socket._handle;

  if (websocket._readyState !== OPEN) return 'it is closing';
  if (process.addAsyncListener) return 'async-listener wraps what Node calls';
  if (socket.destroyed || !socket.readable || !socket.writable) {
    return 'its socket is not open both ways';
  }
  if (!handle || !(handle.fd >= 0 || socket[kOwnTls])) {
    return 'its socket has no descriptor';
  }
  if (!isPlain(socket)) return strangeness(socket);
  if (!Object.isExtensible(socket)) return 'its socket is frozen';
  return isForced ? null : touch(receiver, socket);
}

/** How somebody shows an interest in the socket's bytes; `null` if nobody does. */
function touch(receiver, socket) {
  const { encoding, pipes } = socket._readableState;

  if (receiver !== null) return 'the program uses its _receiver';
  if (socket.timeout) return 'its socket has a timeout';
  if (socket.listenerCount('data') !== 1) {
    return "the program listens to 'data' of its socket";
  }
  if (socket.listenerCount('readable') !== 0) {
    return "the program listens to 'readable' of its socket";
  }
  if (pipes.length !== 0) return 'its socket is piped';
  if (encoding !== null) return 'its socket has an encoding';

  const name = TELLTALES.find((method) => !isOrdinary(socket, method));
  return name === undefined ? null : `the ${name}() of its socket was replaced`;
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
  if (leaving.size > 0 && leaving.has(slotOf(connection.decoder.id))) {
    return false;
  }

  return (
    isForced ||
    (!connection.isBusy &&
      !socket.isPaused() &&
      handle.reading === true &&
      !handle.writeQueueSize &&
      socket.writableLength === 0)
  );
}

/**
 * Whether something has come that libuv is about to read. A socket that is
 * watched anew comes behind all others on which something has come, which a
 * process with both ends of its connections would see. Later on there may be
 * something at any time.
 */
function isReadable({ _handle: handle }) {
  return native.isReadable(handle.fd) === 1;
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

module.exports = {
  capture,
  enter,
  /** Whether connections of this process can be on the native wire. */
  isAvailable: obstacle === null,
  retry,
  schedule
};

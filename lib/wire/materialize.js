'use strict';

const EventEmitter = require('events');

const { net } = require('../builtins');
const { kWebSocket } = require('../constants');
const { kOutbox } = require('./behind-frames');
const { build, define } = require('./lazy-fields');
const { kLoop, TakenSocket } = require('./taken-socket');

/** On a light socket: what it is made of; `null` once it was constructed. */
const kLight = Symbol('ws-rs.light');

const { emit } = EventEmitter.prototype;
const socketPrototype = net.Socket.prototype;

/** @return {Boolean} Whether Node has not made this socket yet */
function isLight(socket) {
  return Boolean(socket[kLight]);
}

/** @return {net.Server|null|undefined} Who accepted this socket, which stays what it is */
function serverOf(socket) {
  const light = socket?.[kLight];

  return light ? light.server : socket?._server;
}

/** @return {Object|undefined} Node's own handle for this socket, if there is one */
function handleOf(socket) {
  const owner = socket?.[kLight] || socket?._handle;

  // That of TLS of our own has Node's behind it.
  if (owner && 'ownHandle' in owner) return owner.ownHandle;
  return owner ?? undefined;
}

/**
 * Makes it a socket as all others, for good.
 *
 * @param {LightSocket} view One that may be light, or what inherits from it
 */
function materialize(view) {
  const light = view[kLight];
  const socket = light?.target;

  // Nothing can be added to a frozen one and the like, which stay as they are.
  if (!light || !Object.isExtensible(socket)) return;

  const owner = light.isOpen ? light.connect() : null;
  const { isDestroyed, names, server } = light;
  const handle = isDestroyed ? undefined : light.handle;

  const websocket = socket[kWebSocket];

  socket[kLight] = null;
  if (websocket !== undefined) define(socket, kWebSocket, websocket);
  socket[kOutbox] = owner === null ? null : owner.output;
  socket[kLoop] = owner === null ? null : owner.loop;
  build(socket, () => {
    net.Socket.call(socket, {
      allowHalfOpen: server.allowHalfOpen,
      handle,
      // Somebody reads it already, or is to say when.
      manualStart: true,
      readable: true,
      readableHighWaterMark: server.highWaterMark,
      writable: true,
      writableHighWaterMark: server.highWaterMark
    });
    socket.server = server;
  });
  light.built(socket);
  // Node's own listener, the only one now, sees to what is written from then on.
  if (light.isEndedByPeer) emit.call(socket, 'end');

  // What Node's HTTP server leaves on a socket.
  define(socket, 'parser', null);
  define(socket, '_paused', false);
  if (names?.getpeername) define(socket, '_peername', names.getpeername);
  if (names?.getsockname) socket._sockname = names.getsockname;

  if (isDestroyed) {
    beDestroyed(socket, light);
    return;
  }

  socket._server = server;
  if (server.noDelay || owner !== null) {
    socketPrototype.setNoDelay.call(socket, true);
  }
  if (server.keepAlive) {
    const { keepAliveInitialDelay } = server;

    // In seconds there, in milliseconds here.
    socketPrototype.setKeepAlive.call(
      socket,
      true,
      keepAliveInitialDelay * 1000
    );
  }

  if (owner === null) {
    socket.on('error', destroySocket);
    socket.read(0);
    return;
  }

  // As a connection of ours leaves it.
  define(socket, 'timeout', 0);
  handle.reading = true;
  owner.onMaterialized();
  // The native wire as well: the listeners that came have resumed both.
  if (light.isPaused) TakenSocket.prototype.pause.call(socket);
  if (!light.isEnded) return;
  if (light.hasFinished) beEnded(socket._writableState, true);
  else socketPrototype.end.call(socket);
}

/** Makes a stream's state what it is behind an `end()`; its events were missed. */
function beEnded(state, isFinished) {
  state.ending = true;
  state.ended = true;
  state.prefinished = isFinished;
  state.finished = isFinished;
}

/** Makes a socket what it is once it is destroyed. Its events were missed, but for a `'close'` that is yet to come. */
function beDestroyed(socket, light) {
  const { isClosed, isEnded, isEndedByPeer, server } = light;
  const { _readableState: readable, _writableState: writable } = socket;

  readable.flowing = true;
  if (isEnded) {
    beEnded(writable, light.hasFinished || (isEndedByPeer && light.isFinished));
  }
  if (isEndedByPeer) {
    readable.ended = true;
    readable.endEmitted = true;
  }

  // That of `net.Socket` emits 'close'.
  define(socket, '_destroy', (err, callback) => callback(err));
  socketPrototype.destroy.call(socket);
  Reflect.deleteProperty(socket, '_destroy');

  for (const state of [readable, writable]) {
    if (light.error !== null) {
      state.errored = light.error;
      state.errorEmitted = light.isErrorTold;
    }
    if (isClosed) state.closeEmitted = true;
  }

  define(socket, 'timeout', 0);
  socket._server = server;
  socket.on('error', destroySocket);
}

/** Sees to a socket that nobody else looks after yet. */
function destroySocket() {
  this.destroy();
}

module.exports = {
  destroySocket,
  handleOf,
  isLight,
  kLight,
  materialize,
  serverOf
};

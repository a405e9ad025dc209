'use strict';

const { Buffer } = require('buffer');

const { asyncHooks } = require('../builtins');
const { OPEN } = require('../constants').READY_STATE;
const { kConnection } = require('../members');
const native = require('../native');
const { ATTEND, DEAD, TOKEN_LENGTH } = require('../native/numbers').heartbeat;
const { MISSED } = require('../native/numbers').meter;
const timers = require('../timers');
const heartbeatNews = require('../wire/heartbeat-news');
const { isLight, kLight } = require('../wire/materialize');
const slotOf = require('../wire/slot');

const { AsyncResource } = asyncHooks;

/** Those with a heartbeat, by the slots of their native halves. */
const websockets = [];
/**
 * By connection, how many bytes waited in its stream when its peer was asked,
 * if any did.
 */
const waiting = new WeakMap();
let count = 0;
/** Cancels the engine's next look at its peers; `null` if none is to come. */
let cancel = null;
/** The timer belongs to no connection, and so does its async context. */
const resource = new AsyncResource('WSRSHEARTBEAT', {
  requireManualDestroy: true
});

// The context works on; but who looks for handles that were left open is to
// find none.
resource.emitDestroy();

/**
 * The heartbeats of all connections: the engine knows who is to be asked when,
 * and asks where the native wire writes. One timer calls it.
 */
const heartbeat = {
  /**
   * Has the peer asked whether it lives, whenever nothing came for a while, and
   * the connection terminated if nothing comes then either.
   *
   * @param {WebSocket} websocket One that has just been opened
   * @param {{interval: Number, timeout: Number}|null} settings As
   *     `heartbeat-options.js` gives them
   * @param {Function} [generateMask] Makes the masks of pings, which then are not
   *     for the engine to send
   */
  start(websocket, settings, generateMask) {
    if (settings === null || websocket._readyState !== OPEN) return;

    const id = idOf(websocket);
    const { interval, timeout } = settings;
    const delay = native.heartbeatStart(
      id,
      interval,
      timeout,
      generateMask !== undefined
    );

    if (websockets[slotOf(id)] === undefined) count++;
    websockets[slotOf(id)] = websocket;
    if (delay !== undefined) wait(delay);
  },

  /**
   * The peer is asked no more: the connection is being closed.
   *
   * @param {Number} id The native half
   */
  stop(id) {
    const slot = slotOf(id);

    if (websockets[slot] === undefined) return;

    websockets[slot] = undefined;
    count--;
    native.heartbeatRest(id);

    if (count === 0 && cancel !== null) {
      cancel();
      cancel = null;
    }
  },

  /**
   * Something was received that is not decoded yet.
   *
   * @param {Number} id The native half
   */
  noteLife(id) {
    if (websockets[slotOf(id)] !== undefined) native.heartbeatExcuse(id);
  }
};

/**
 * Has the engine look in so many milliseconds, instead of when it was to look
 * before.
 */
function wait(delay) {
  if (cancel !== null) cancel();
  cancel = resource.runInAsyncScope(timers.alarm, null, lookSoon, delay);
}

/**
 * Looks from `setImmediate()`: if the process was busy for a while there may be
 * answers that it has not read, and they are read before.
 */
function lookSoon() {
  cancel = null;
  timers.setImmediate(look);
}

function look() {
  const answer = native.heartbeatLook();
  const isArray = typeof answer !== 'number';
  const delay = isArray ? answer[0] : answer;

  // Before anything that may throw: this is for all connections.
  if (delay === 0) timers.setImmediate(look);
  else if (delay > 0) wait(delay);

  if (isArray) attendAll(answer, 1);
}

/**
 * Does what the engine asks for. What one connection throws does not keep the
 * others waiting.
 */
function attendAll(answer, from) {
  let i = from;

  try {
    while (i < answer.length) {
      i += 2;
      attend(answer[i - 2], answer[i - 1]);
    }
  } finally {
    if (i < answer.length) timers.setImmediate(attendAll, answer, i);
  }
}

/** Does what the engine cannot do for a connection. */
function attend(id, what) {
  const websocket = websockets[slotOf(id)];

  if (websocket === undefined) return;

  if (what === ATTEND) {
    websocket[kConnection].output.attend();
    return;
  }

  if (isGivenAway(websocket)) {
    heartbeat.stop(id);
  } else if (isDeaf(websocket)) {
    native.heartbeatExcuse(id);
  } else if (what === DEAD) {
    end(websocket, id);
  } else {
    ping(websocket[kConnection], what);
  }
}

/** Whether its socket was sent to another process. */
function isGivenAway({ _socket: socket }) {
  return !isLight(socket) && socket._handle === null && !socket.destroyed;
}

/** Whether what the peer sends would not be seen, as the socket is paused. */
function isDeaf({ _socket: socket }) {
  // Of a light one the engine knows.
  return !isLight(socket) && socket.isPaused?.() === true;
}

/** Ends a connection whose peer has not answered, unless it has read since. */
function end(websocket, id) {
  const { _socket: socket } = websocket;
  const before = waiting.get(socket);

  // Nothing ever waits in a light one.
  if (before !== undefined && before !== lengthOf(socket)) {
    waiting.delete(socket);
    native.heartbeatExcuse(id);
    return;
  }

  native.meterNote(id, MISSED);
  websocket.terminate();
}

/** Pings by way of the stream, if that is not full already. */
function ping({ sender, socket, websocket }, token) {
  const length = lengthOf(socket);

  if (length > 0) {
    waiting.set(socket, length);
    return;
  }

  waiting.delete(socket);

  if (websocket._readyState !== OPEN) return;

  const payload = Buffer.allocUnsafe(TOKEN_LENGTH);

  payload.writeUIntBE(token, 0, TOKEN_LENGTH);

  try {
    sender.ping(payload, !websocket._isServer);
  } catch (err) {
    socket.destroy(err);
  }
}

heartbeatNews.onDead = (websocket, id) => {
  native.meterNote(id, MISSED);
  websocket.terminate();
};

heartbeatNews.onReclaimed = () => {
  const delay = native.heartbeatNews();

  if (delay !== undefined) wait(delay);
};

/** Bytes that a stream, or libuv below it, has not written yet. */
function lengthOf({ _handle: handle, writableLength }) {
  const below = handle?._parent ?? handle;

  return writableLength + (below?.writeQueueSize ?? 0);
}

/** The native half. A `Connection` is not made just for that. */
function idOf(websocket) {
  return websocket._socket[kLight]?.id ?? websocket[kConnection].output.id;
}

module.exports = heartbeat;

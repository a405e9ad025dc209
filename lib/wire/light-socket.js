'use strict';

const EventEmitter = require('events');

const { http, net, util } = require('../builtins');
const { kWebSocket } = require('../constants');
const timers = require('../timers');
const { kOutbox } = require('./behind-frames');
const { atEnd } = require('./ends');
const { define, deferFields } = require('./lazy-fields');
const { isLight, kLight, materialize } = require('./materialize');
const { kLoop, kOwnTls, putMethod, TakenSocket } = require('./taken-socket');
const watchMethods = require('./watched-methods');

const { inspect } = util;

const { emit } = EventEmitter.prototype;
const socketPrototype = net.Socket.prototype;

/**
 * The socket of a connection that was accepted natively: a `net.Socket` that is
 * constructed in place when somebody touches what only that has. What a
 * connection needs of it, and what programs mostly ask, it answers itself.
 *
 * @param {Light} light What there is of it
 */
function LightSocket(light) {
  light.target = this;
  this[kLight] = light;
}

/** What the methods of a light socket do; others construct it. */
const methods = {
  destroy(err, callback) {
    const light = this[kLight];

    if (!light?.isOpen || typeof callback === 'function') {
      materialize(this);
      return TakenSocket.prototype.destroy.call(this, err, callback);
    }

    if (!light.isDestroyed) close(this, light, err);
    return this;
  },

  end(...args) {
    const light = this[kLight];

    if (light?.isOpen && args.length === 0) {
      if (light.isEnded || light.isDestroyed) return this;

      const { output } = light.connect();

      output.flush();

      if (output.blockedLength === 0) {
        light.isEnded = true;
        output.shutDown(() => {
          light.isFinished = true;
        });
        finishSoon(light);
        return this;
      }
    }

    materialize(this);
    return TakenSocket.prototype.end.apply(this, args);
  },

  pause() {
    const light = this[kLight];

    if (light?.isOpen) {
      light.isPaused = true;
      this[kLoop]?.setPaused(true);
      return this;
    }

    materialize(this);
    return TakenSocket.prototype.pause.call(this);
  },

  resume() {
    const light = this[kLight];

    if (light?.isOpen) {
      // The native wire reads unless it was told not to.
      if (light.isPaused) {
        light.isPaused = false;
        this[kLoop]?.setPaused(false);
      }
      return this;
    }

    materialize(this);
    return TakenSocket.prototype.resume.call(this);
  },

  setNoDelay(...args) {
    const light = this[kLight];

    if (light && !light.isDestroyed && light.can('setNoDelay')) {
      // Otherwise Node asks for it once more.
      if (args.length === 0 || args[0]) return this;
    }

    materialize(this);
    return socketPrototype.setNoDelay.apply(this, args);
  },

  setEncoding(encoding) {
    return refuseEncoding().call(this, encoding);
  },

  setTimeout(timeout, callback) {
    if (this[kLight] && timeout === 0 && callback === undefined) return this;

    materialize(this);
    return TakenSocket.prototype.setTimeout.call(this, timeout, callback);
  },

  _getpeername() {
    const light = this[kLight];

    return light
      ? nameOf(light, 'getpeername')
      : socketPrototype._getpeername.call(this);
  },

  _getsockname() {
    const light = this[kLight];

    if (!light) return socketPrototype._getsockname.call(this);

    // As with Node, its own address is forgotten at the end, and the peer's is
    // not.
    return light.isDestroyed ? {} : nameOf(light, 'getsockname');
  }
};

/** What the accessors of a light socket say; it is open, or destroyed. */
const accessors = {
  bytesRead: (light) => light.connect()?.output.bytesRead ?? light.readBefore,
  bytesWritten: (light) => light.connect()?.output.bytesWritten ?? 0,
  destroyed: (light) => light.isDestroyed,
  pending: (light) => light.isDestroyed,
  readable: (light) => !light.isDestroyed,
  readableHighWaterMark: (light) => light.server.highWaterMark,
  writable: (light) => !light.isDestroyed && !light.isEnded,
  writableHighWaterMark: (light) => light.server.highWaterMark,
  writableLength: (light) => light.owner?.output.blockedLength ?? 0
};

LightSocket.prototype = Object.create(TakenSocket.prototype);
// It is what `hook()` makes of others.
for (const [name, read] of [
  [kOutbox, (owner) => owner.output],
  [kLoop, (owner) => owner.loop]
]) {
  Object.defineProperty(LightSocket.prototype, name, {
    __proto__: null,
    configurable: true,
    // Whoever asks for it is about to do something with it.
    get() {
      const light = this[kLight];

      return light?.isOpen ? read(light.connect()) : null;
    },
    set(value) {
      // Of a light socket the owner knows it.
      if (!this[kLight]) define(this, name, value);
    }
  });
}

// As `net.Socket` gets it of a connection, until that is closed.
Object.defineProperty(LightSocket.prototype, kWebSocket, {
  __proto__: null,
  configurable: true,
  get() {
    const light = this[kLight];

    return light && !light.isLeft ? (light.websocket ?? undefined) : undefined;
  },
  set(value) {
    const light = this[kLight];

    if (light) light.isLeft = value === undefined;
    else define(this, kWebSocket, value);
  }
});

// What `setTimeout(0)` leaves: ours on connections, and Node's TLS on each socket.
Object.defineProperty(LightSocket.prototype, 'timeout', {
  __proto__: null,
  configurable: true,
  enumerable: true,
  get() {
    const light = this[kLight];

    return light?.isOpen || light?.isDestroyed || this[kOwnTls] ? 0 : undefined;
  },
  set(value) {
    materialize(this);
    define(this, 'timeout', value);
  }
});

for (const name of Object.keys(methods)) {
  define(LightSocket.prototype, name, methods[name], false);
}

for (const name of Object.keys(accessors)) {
  const read = accessors[name];

  Object.defineProperty(LightSocket.prototype, name, {
    __proto__: null,
    configurable: true,
    get() {
      const light = this[kLight];

      return light
        ? read(light)
        : Reflect.get(TakenSocket.prototype, name, this);
    },
    set(value) {
      materialize(this);
      Reflect.set(TakenSocket.prototype, name, value, this);
    }
  });
}

watchMethods(LightSocket.prototype, (socket, name, value) => {
  materialize(socket);
  putMethod(socket, name, value);
});

define(
  LightSocket.prototype,
  inspect.custom,
  function show() {
    materialize(this);
    return this;
  },
  false
);

deferFields(LightSocket.prototype, new net.Socket(), (view) => {
  const light = view[kLight];

  materialize(view);
  return light?.target;
});

/** As with Node, who did not ask before the end cannot ask any more. */
function nameOf(light, method) {
  let name = light.names?.[method];

  if (name === undefined && !light.isDestroyed && light.can(method)) {
    name = light.addressOf(method);
    if (name === null) return {};

    light.names ??= { getpeername: undefined, getsockname: undefined };
    light.names[method] = name;
  }

  return name ?? {};
}

/** Those that were ended in this turn of the event loop. */
let ending = [];

/** A socket was ended, of which Node's stream finishes when libuv has polled. */
function finishSoon(light) {
  if (ending.length === 0) timers.setImmediate(finishAll);
  ending.push(light);
}

function finishAll() {
  const lights = ending;

  ending = [];
  for (const light of lights) light.hasFinished = !light.isDestroyed;
}

/** A socket's `'error'` is emitted, which its streams know nothing of. */
function noteEmitted({ _readableState: readable, _writableState: writable }) {
  readable.errorEmitted = true;
  writable.errorEmitted = true;
}

let refuse;

/** What sockets of Node's HTTP server throw when they are given an encoding. */
function refuseEncoding() {
  if (refuse === undefined) {
    const socket = new net.Socket();

    new http.Server().emit('connection', socket);
    refuse = socket.setEncoding;
    socket.destroy();
  }

  return refuse;
}

function close(socket, light, err) {
  const { server } = light;
  const owner = light.connect();
  const { output } = owner;

  light.isDestroyed = true;
  output.writeNow();

  const callLost = output.close(err);

  // The next socket may get the descriptor's number.
  socket[kLoop]?.release();
  // Somebody who touches the socket meanwhile may listen to it.
  const tell = (...event) => {
    if (!isLight(light.target)) emit.call(light.target, ...event);
  };

  if (err) {
    light.error = err;
    timers.nextTick(() => {
      light.isErrorTold = true;
      owner.onError();
      if (!isLight(light.target)) noteEmitted(light.target);
      tell('error', err);
    });
  }
  light.closeHandle(() => {
    light.isClosed = true;
    if (callLost !== undefined) callLost();
    owner.onClosed();
    tell('close', Boolean(err));
  });

  server._connections--;
  server._emitCloseIfDrained();
}

/**
 * The peer sends no more.
 *
 * @param {LightSocket} socket The socket
 * @param {Function} onHeavy Called if Node has made the socket meanwhile, which
 *     is then to be ended as all others
 * @return {Boolean} Whether it was dealt with; else it is Node's to end
 */
function endedByPeer(socket, onHeavy) {
  const light = socket[kLight];

  if (!light) return false;

  if (light.connect().output.blockedLength > 0 && Object.isExtensible(socket)) {
    materialize(socket);
    return false;
  }

  const close = () => {
    if (light.isDestroyed) return;

    // What waits may have become Node's to write before the end.
    if (socket[kLight] === light) socket.destroy();
    else onHeavy();
  };

  timers.nextTick(() => {
    if (light.isDestroyed) return;

    if (socket[kLight] === light) {
      light.isEndedByPeer = true;
      light.connect().onEnd();
    }
    // Behind its own end, as with Node.
    if (light.isFinished || !light.isEnded || !atEnd(close)) close();
  });
  return true;
}

module.exports = { endedByPeer, LightSocket };

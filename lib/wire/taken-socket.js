'use strict';

const { Buffer } = require('buffer');

const { net } = require('../builtins');
const timers = require('../timers');

const { behindFrames, kOutbox, kReadBefore } = require('./behind-frames');
const takeHandle = require('./taken-handle');
const watchMethods = require('./watched-methods');

/** On a socket: the `LoopTransport` that reads it, or nothing. */
const kLoop = Symbol('ws-rs.loop');

const netWrite = net.Socket.prototype.write;

/** On a socket whose handle speaks TLS natively: its `write()`. */
const kOwnTls = Symbol('ws-rs.ownTls');

/** What streams become, by the prototype that they had. */
const prototypes = new WeakMap();

/**
 * Tells a socket of its outbox. Not in `hook()`: what is put on a socket behind
 * a change of its prototype gives it a hidden class of its own, which takes a
 * kilobyte and makes each access to its properties slow.
 */
function announce(socket, outbox) {
  socket[kOutbox] = outbox;
  socket[kLoop] = null;
}

/**
 * Makes whatever else is written to a stream come behind the frames that wait
 * in its outbox, and its end and destruction too: by methods on a prototype
 * between the stream and its own, so that those that a program puts on the
 * stream itself are called, and can be taken away again.
 *
 * @param {Duplex} socket The stream
 * @return {Function|undefined} The `write()` that sees to the order, if any
 */
function hook(socket) {
  // One that is frozen, or the like, writes as it is called.
  if (!Object.isExtensible(socket)) return undefined;

  const base = Object.getPrototypeOf(socket);

  if (Object.hasOwn(base, kOutbox)) return base.write;

  let prototype = prototypes.get(base);

  if (prototype === undefined) {
    prototype =
      base === net.Socket.prototype
        ? TakenSocket.prototype
        : behindFrames(Object.create(base), base);
    prototypes.set(base, prototype);
  }

  Object.setPrototypeOf(socket, prototype);
  return prototype.write;
}

/**
 * Whether a socket does nothing but what `net.Socket` does: what it is given
 * goes to its descriptor as it is, or as records of our own.
 */
function isPlain(socket) {
  const { write, [kOwnTls]: ownWrite } = socket;

  return (
    (socket.constructor === net.Socket || ownWrite !== undefined) &&
    (write === netWrite ||
      write === TakenSocket.prototype.write ||
      write === (ownWrite ?? netWrite))
  );
}

/**
 * Has a plain socket's outbox and loop know of whoever uses its handle. A socket
 * must not be left that would write to a handle which is no more.
 *
 * @param {Duplex} socket The stream
 * @param {Outbox} outbox Its outbox
 */
function watchHandle(socket, outbox) {
  if (isPlain(socket) && socket._handle) takeHandle(socket._handle, outbox);
}

/**
 * What a plain `net.Socket` becomes: it also gives the program the bytes that it
 * asks for, so that the native wire lets go of a socket whose bytes somebody
 * wants to see, and knows of those that it writes itself.
 */
class TakenSocket extends net.Socket {
  // Who calls `net.Socket`'s own `write()` passes by the one above.

  _write(chunk, encoding, callback) {
    const rest = this[kOutbox] === null ? null : this[kOutbox].takeRest();

    if (rest === null) {
      super._write(chunk, encoding, callback);
      return;
    }

    const bytes =
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;

    super._write(Buffer.concat([rest.bytes, bytes]), 'buffer', (err) => {
      rest.callback(err);
      callback(err);
    });
  }

  _writev(chunks, callback) {
    const rest = this[kOutbox] === null ? null : this[kOutbox].takeRest();

    if (rest === null) {
      super._writev(chunks, callback);
      return;
    }

    const all = [{ chunk: rest.bytes, encoding: 'buffer' }, ...chunks];

    all.allBuffers = chunks.allBuffers;
    super._writev(all, (err) => {
      rest.callback(err);
      callback(err);
    });
  }

  _final(callback) {
    if (!this[kOutbox]?.endStream(callback)) super._final(callback);
  }

  _destroy(err, callback) {
    const callLost = this[kOutbox]?.close(err);

    // Before Node closes the descriptor, whose number the next socket may get.
    if (this[kLoop]) this[kLoop].release();
    // Lost callbacks come with 'close', as those of Node's own writes do.
    if (callLost !== undefined) takeHandle.beforeClosed(this._handle, callLost);
    super._destroy(err, callback);
  }

  // On the prototype itself there is no outbox, as there are no counters.

  get bytesWritten() {
    const outbox = this[kOutbox];

    return outbox
      ? super.bytesWritten + outbox.bytesWritten
      : super.bytesWritten;
  }

  get bytesRead() {
    const outbox = this[kOutbox];
    const past = this[kReadBefore] + (outbox ? outbox.bytesRead : 0);

    return past > 0 ? super.bytesRead + past : super.bytesRead;
  }

  get writableLength() {
    const outbox = this[kOutbox];

    return outbox
      ? super.writableLength + outbox.unwrittenLength
      : super.writableLength;
  }

  get writableNeedDrain() {
    const outbox = this[kOutbox];

    return (
      super.writableNeedDrain ||
      (!!outbox &&
        !this.destroyed &&
        ((outbox.needsDrain && !this.writableEnded) ||
          outbox.blockedLength >= this.writableHighWaterMark))
    );
  }

  on(event, listener) {
    this._prepareFor(event);
    return super.on(event, listener);
  }

  addListener(event, listener) {
    this._prepareFor(event);
    return super.addListener(event, listener);
  }

  prependListener(event, listener) {
    this._prepareFor(event);
    return super.prependListener(event, listener);
  }

  /** Somebody is about to listen. */
  _prepareFor(event) {
    if (event === 'drain' && this[kOutbox]) this[kOutbox].onDrainListener();
    if (this[kLoop] && (event === 'data' || event === 'readable')) {
      this[kLoop].demote(`the program listens to '${event}' of its socket`);
    }
  }

  removeListener(event, listener) {
    super.removeListener(event, listener);
    this._demoteUnheard(event);
    return this;
  }

  off(event, listener) {
    return this.removeListener(event, listener);
  }

  removeAllListeners(...args) {
    super.removeAllListeners(...args);
    this._demoteUnheard(args[0]);
    return this;
  }

  /** Bytes that nobody listens to are Node's to throw away. */
  _demoteUnheard(event) {
    if (
      this[kLoop] &&
      (event === 'data' || event === undefined) &&
      this.listenerCount('data') === 0
    ) {
      this[kLoop].demote("nobody listens to 'data' of its socket");
    }
  }

  push(chunk, encoding) {
    if (this[kLoop]) {
      this[kLoop].demote('the program calls push() of its socket');
    }
    return super.push(chunk, encoding);
  }

  unshift(chunk, encoding) {
    if (this[kLoop]) {
      this[kLoop].demote('the program calls unshift() of its socket');
    }
    return super.unshift(chunk, encoding);
  }

  pipe(destination, options) {
    if (this[kLoop]) {
      this[kLoop].demote('the program calls pipe() of its socket');
    }
    return super.pipe(destination, options);
  }

  setEncoding(encoding) {
    if (this[kLoop]) {
      this[kLoop].demote('the program calls setEncoding() of its socket');
    }
    return super.setEncoding(encoding);
  }

  get _handle() {
    return super._handle;
  }

  /** Node takes the handle away to send it to another process. */
  set _handle(handle) {
    if (!handle && !this.destroyed && super._handle && this[kOutbox]) {
      this[kOutbox].writeNow();

      const callLost = this[kOutbox].close();

      if (this[kLoop]) this[kLoop].release();
      if (callLost !== undefined) timers.nextTick(callLost);
    }

    super._handle = handle;
  }

  setTimeout(timeout, callback) {
    // Node counts what it reads and writes itself as activity.
    if (this[kLoop] && timeout > 0) {
      this[kLoop].demote('its socket has a timeout');
    }
    return super.setTimeout(timeout, callback);
  }

  pause() {
    if (this[kLoop]) this[kLoop].setPaused(true);
    return super.pause();
  }

  resume() {
    if (this[kLoop]) this[kLoop].setPaused(false);
    return super.resume();
  }

  ref() {
    if (this[kLoop]) this[kLoop].setReferenced(true);
    return super.ref();
  }

  unref() {
    if (this[kLoop]) this[kLoop].setReferenced(false);
    return super.unref();
  }
}

/** A program puts a method on a socket, which is to see all that it would. */
function putMethod(socket, name, value) {
  Object.defineProperty(socket, name, {
    __proto__: null,
    configurable: true,
    enumerable: true,
    value,
    writable: true
  });
  if (socket[kLoop]) {
    socket[kLoop].demote(`the program has a ${name}() of its own`);
  }
}

// For everybody else it is the `net.Socket` that it was.
delete TakenSocket.prototype.constructor;
behindFrames(TakenSocket.prototype, net.Socket.prototype);
watchMethods(TakenSocket.prototype, putMethod);

module.exports = {
  announce,
  hook,
  isPlain,
  kLoop,
  kOwnTls,
  putMethod,
  TakenSocket,
  watchHandle
};

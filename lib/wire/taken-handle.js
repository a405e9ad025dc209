'use strict';

const timers = require('../timers');
const { callWhenClosed } = require('./closing');

/**
 * On a handle: who hears when somebody closes it, what is called when it is closed,
 * and who hears when somebody starts or stops its reading.
 */
const kClosing = Symbol('ws-rs.closing');
const kClosed = Symbol('ws-rs.closed');
const kReading = Symbol('ws-rs.reading');
/** On a handle that somebody closes: by which method. */
const kMethod = Symbol('ws-rs.method');
/** On a handle that is being closed: what is to be called then. */
const kCallbacks = Symbol('ws-rs.callbacks');
/**
 * On a handle that was made for a connection which had none: its native half. What a
 * listener has entered is in that one's async context, and not in the handle's.
 */
const kConnection = Symbol('ws-rs.connection');

/** What handles become, by the prototype that they had. */
const prototypes = new WeakMap();

/**
 * Has somebody know when the handle of a socket is about to be closed, by
 * whomever: its descriptor is the next socket's then.
 *
 * @param {Object} handle The handle
 * @param {{onHandleClosing: Function, onHandleReading: Function}} watcher Who is
 *     called before it is closed, with the handle, and before its reading is
 *     started or stopped. An object that is there anyway: closures would be 170
 *     bytes of an idle connection
 */
function takeHandle(handle, watcher) {
  handle[kClosing] = watcher;
  handle[kReading] = watcher;
  if (handle[kClosed] !== undefined) return;

  handle[kClosed] = null;

  const base = Object.getPrototypeOf(handle);
  let prototype = prototypes.get(base);

  if (prototype === undefined) {
    prototype = Object.create(base);

    for (const name of ['close', 'reset']) {
      if (typeof base[name] !== 'function') continue;

      Object.defineProperty(prototype, name, {
        __proto__: null,
        configurable: true,
        value(callback) {
          return close(this, base[name], callback);
        },
        writable: true
      });
    }

    for (const name of ['readStart', 'readStop']) {
      if (typeof base[name] !== 'function') continue;

      Object.defineProperty(prototype, name, {
        __proto__: null,
        configurable: true,
        value() {
          if (this[kReading]) this[kReading].onHandleReading();
          return base[name].call(this);
        },
        writable: true
      });
    }

    prototypes.set(base, prototype);
  }

  Object.setPrototypeOf(handle, prototype);
}

/**
 * Calls back when a handle is closed, before its owner is called; soon, if there
 * is none.
 */
takeHandle.beforeClosed = function beforeClosed(handle, callback) {
  if (handle && handle[kClosed] === null) handle[kClosed] = callback;
  else timers.nextTick(callback);
};

function close(handle, method, callback) {
  const watcher = handle[kClosing];

  handle[kClosing] = null;

  if (watcher) {
    // Whoever is told may close it first, in the way that was asked for.
    handle[kMethod] = method;
    watcher.onHandleClosing(handle);
  }

  // Node does nothing for a second close, and would call nobody.
  if (handle[kCallbacks] !== undefined) {
    handle[kCallbacks].push(callback);
    return undefined;
  }

  const callbacks = [callback];

  handle[kCallbacks] = callbacks;

  function closed(...args) {
    const onClosed = handle[kClosed];

    handle[kClosed] = null;
    handle[kCallbacks] = { push: callSoon };
    if (onClosed) onClosed();

    for (const call of callbacks) {
      if (typeof call === 'function') call.apply(handle, args);
    }
  }

  const run = handle[kMethod] ?? method;
  const id = handle[kConnection];

  if (id === undefined) return run.call(handle, closed);

  const error = run.call(handle);

  // A reset may fail, and then closes nothing.
  if (!error) callWhenClosed(id, closed);
  return error;
}

function callSoon(callback) {
  if (typeof callback === 'function') timers.nextTick(callback);
}

takeHandle.kConnection = kConnection;

module.exports = takeHandle;

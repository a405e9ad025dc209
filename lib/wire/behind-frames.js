'use strict';

/** On a socket: the `Outbox` whose frames go before everything else. */
const kOutbox = Symbol('ws-rs.outbox');
/**
 * On a socket: how many bytes of the connection were read before the socket was
 * constructed.
 */
const kReadBefore = Symbol('ws-rs.readBefore');

/** By the `write()` that `behindFrames()` has made: whose method does the work. */
const bases = new WeakMap();

/**
 * Gives a prototype the methods that keep the order: whatever else is written
 * to a stream goes behind the frames that wait in its outbox, and so do its end
 * and its destruction.
 *
 * @param {Object} prototype What is to stand between streams and their own
 *     prototype
 * @param {Object} base Their own prototype, whose methods do the work
 * @return {Object} `prototype`
 */
function behindFrames(prototype, base) {
  const methods = {
    [kOutbox]: null,
    [kReadBefore]: 0,

    write(...args) {
      if (this[kOutbox]) this[kOutbox].yieldToStream();
      return base.write.apply(this, args);
    },

    end(...args) {
      if (this[kOutbox]) this[kOutbox].yieldToStream();
      return base.end.apply(this, args);
    },

    cork() {
      if (this[kOutbox]) this[kOutbox].yieldToStream();
      base.cork.call(this);
    },

    destroy(...args) {
      if (this[kOutbox] && !this.destroyed) this[kOutbox].writeNow();
      return base.destroy.apply(this, args);
    }
  };

  for (const name of Reflect.ownKeys(methods)) {
    if (typeof name === 'symbol' || typeof base[name] === 'function') {
      Object.defineProperty(prototype, name, {
        __proto__: null,
        configurable: true,
        enumerable: false,
        value: methods[name],
        writable: true
      });
    }
  }

  bases.set(prototype.write, base);

  count(prototype, base, 'bytesWritten', (outbox) => outbox.bytesWritten);
  count(prototype, base, 'writableLength', (outbox) => outbox.unwrittenLength);

  keepEnumerable(prototype, base);
  return prototype;
}

/**
 * @param {Function} write The `write()` of a stream
 * @return {Function} What does its work: another one, if it only keeps the order
 */
function writeBehind(write) {
  return bases.get(write)?.write ?? write;
}

/** Has a number of a stream's count frames that wait, as it counts what a stream keeps. */
function count(prototype, base, name, ofFrames) {
  if (!(name in base) || Object.hasOwn(prototype, name)) return;

  Object.defineProperty(prototype, name, {
    __proto__: null,
    configurable: true,
    get() {
      const number = Reflect.get(base, name, this);

      return this[kOutbox] ? number + ofFrames(this[kOutbox]) : number;
    }
  });
}

/** Has `for ... in` find what it finds on the prototype that was there. */
function keepEnumerable(prototype, base) {
  const names = new Set();

  for (const name in base) names.add(name);

  for (const name of Object.getOwnPropertyNames(prototype)) {
    Object.defineProperty(prototype, name, {
      __proto__: null,
      enumerable: names.has(name)
    });
  }
}

module.exports = { behindFrames, kOutbox, kReadBefore, writeBehind };

'use strict';

const EventEmitter = require('events');

const { util } = require('../builtins');

/** What Node notes on arrays of listeners, from Node 24 on: that nobody goes through them. */
const MARKS = Object.getOwnPropertySymbols(
  new EventEmitter().on('one', bare).on('one', bare)._events.one
);

/**
 * The listeners of an emitter, by event. V8 finds them faster in this than in
 * the objects without a prototype that Node makes, which are hash tables.
 */
function Listeners() {}
Listeners.prototype = bare();

/**
 * Makes the listeners of emitters that have had one for `'close'` from the
 * beginning. The program's listener, mostly one, is kept without an array of
 * both until somebody asks for that: 64 bytes less for each idle connection.
 *
 * @param {Function} first The listener that all of them have
 * @return {Function} A class; its objects are like `Listeners` with that one
 */
function withFirst(first) {
  class WithFirst {
    /**
     * What is there besides `first`: nothing, one listener, or an array with
     * both.
     */
    #more = undefined;

    constructor() {
      // Not a method of the prototype's: whoever lists the events finds it.
      Object.defineProperty(this, 'close', CLOSE);
    }

    static read(listeners) {
      // An object of the program's that inherits from one of these.
      if (!(#more in listeners)) {
        return WithFirst.read(Object.getPrototypeOf(listeners));
      }

      const more = listeners.#more;

      if (more === undefined) return first;
      // Whoever reads it may put something into it.
      if (typeof more === 'function') listeners.#more = pairOf(first, more);
      return listeners.#more;
    }

    static write(listeners, value) {
      if (!(#more in listeners)) become(listeners, value);
      else if (value === first) listeners.#more = undefined;
      else if (!Array.isArray(value)) become(listeners, value);
      else if (listeners.#more !== undefined) listeners.#more = value;
      // Node puts a later listener into the array only if it finds that here
      // again.
      else listeners.#more = isPair(value) ? value[1] : value;
    }
  }

  const CLOSE = {
    __proto__: null,
    configurable: true,
    enumerable: true,
    get() {
      return WithFirst.read(this);
    },
    set(value) {
      WithFirst.write(this, value);
    }
  };

  function isPair(list) {
    return (
      list.length === 2 && list[0] === first && typeof list[1] === 'function'
    );
  }

  delete WithFirst.prototype.constructor;
  Object.setPrototypeOf(WithFirst.prototype, Listeners.prototype);
  return WithFirst;
}

/** An object that inherits from nothing, and is shown as what Node makes is. */
function bare() {
  return Object.defineProperty(Object.create(null), util.inspect.custom, {
    __proto__: null,
    value() {
      return Object.assign(Object.create(null), this);
    }
  });
}

function pairOf(first, second) {
  const pair = [first, second];

  for (const mark of MARKS) pair[mark] = 0;
  return pair;
}

/** The first has gone. */
function become(listeners, value) {
  Object.defineProperty(listeners, 'close', {
    __proto__: null,
    configurable: true,
    enumerable: true,
    value,
    writable: true
  });
}

module.exports = { Listeners, withFirst };

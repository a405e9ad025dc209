'use strict';

/**
 * Objects of Node's classes that are constructed in place, when somebody touches
 * what only their constructor could have made. Until then they are a prototype
 * and what we know of them: most programs never look at a socket or a request.
 *
 * The object that was handed out is the one that is constructed, so that there is
 * one identity. Its prototype stays, as V8 would make a dictionary of an object
 * that gets another: accessors, which stand for the fields, define them while the
 * constructor runs.
 */

/** What is being constructed now. */
let building = null;

/**
 * Gives a prototype an accessor for each field that a constructor sets.
 *
 * @param {Object} prototype What the lazy objects are made with
 * @param {Object} template An object that the constructor has made
 * @param {Function} construct Called with an object whose fields are wanted and
 *     are not there; it is to call `build()`, or to do nothing, and to return the
 *     object that has the fields then
 */
function deferFields(prototype, template, construct) {
  for (const name of Reflect.ownKeys(template)) {
    if (Object.hasOwn(prototype, name)) continue;

    const { enumerable } = Object.getOwnPropertyDescriptor(template, name);

    Object.defineProperty(prototype, name, {
      __proto__: null,
      configurable: true,
      enumerable,
      get() {
        // Node's constructors ask the prototype itself, too.
        if (this === building || this === prototype) return undefined;

        // It may be what inherits from the object, which then has it.
        const owner = construct(this);

        return owner !== undefined && Object.hasOwn(owner, name)
          ? owner[name]
          : undefined;
      },
      set(value) {
        if (this !== building) construct(this);

        define(this, name, value, enumerable);
      }
    });
  }
}

/**
 * Runs a constructor on a lazy object.
 *
 * @param {Object} object The object
 * @param {Function} construct Calls the constructor; fields that it sets become
 *     the object's own
 */
function build(object, construct) {
  const outer = building;

  building = object;

  try {
    construct();
  } finally {
    building = outer;
  }
}

/** By name: a computed store would make a dictionary of an object with many. */
function define(object, name, value, enumerable = true) {
  Object.defineProperty(object, name, {
    __proto__: null,
    configurable: true,
    enumerable,
    value,
    writable: true
  });
}

module.exports = { build, define, deferFields };

'use strict';

/**
 * Methods that bytes go through. Those are watched and no others: with
 * accessors in the place of all, the mocks of node:test and Sinon would refuse
 * them.
 */
const WATCHED = ['_destroy', '_read', 'emit', 'push', 'read', 'unshift'];

/**
 * Tells when a method is put on an object: by accessors on its prototype, which
 * give the methods that are there.
 *
 * @param {Object} prototype The prototype
 * @param {Function} onPut Called with the object, the name and the method,
 *     which it is to put there
 */
function watchMethods(prototype, onPut) {
  for (const name of WATCHED) {
    const { enumerable, method } = find(prototype, name);

    Object.defineProperty(prototype, name, {
      __proto__: null,
      configurable: true,
      // As `for ... in` finds it.
      enumerable,
      get: () => method,
      set(value) {
        onPut(this, name, value);
      }
    });
  }
}

/** A method, wherever it is inherited from. */
function find(prototype, name) {
  let holder = prototype;

  while (!Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder);

  const { enumerable } = Object.getOwnPropertyDescriptor(holder, name);

  return { enumerable, method: prototype[name] };
}

module.exports = watchMethods;

'use strict';

/** Without a prototype: nothing that a program puts on `Object.prototype`. */
const NONE = Object.freeze({ __proto__: null });

/**
 * The options of `send()`: as in ws those that are an object's own and
 * enumerable, each of which is read once.
 *
 * @param {*} options What the program gave
 * @return {Object} One that has no other properties, so that `in` may be used
 */
function ownOptions(options) {
  if (typeof options !== 'object' || options === null) return NONE;

  const own = { ...options };

  return isPrototypeClean() ? own : Object.setPrototypeOf(own, null);
}

/** Almost always; it costs less than four calls of `Object.hasOwn()`. */
function isPrototypeClean() {
  const { prototype } = Object;

  return !(
    'binary' in prototype ||
    'mask' in prototype ||
    'compress' in prototype ||
    'fin' in prototype
  );
}

module.exports = ownOptions;

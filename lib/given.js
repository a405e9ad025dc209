'use strict';

/**
 * Reads an option that `ws` does not have. Something on `Object.prototype` that
 * happens to have its name does not count, as no program has asked for it;
 * options of `ws` are read as `ws` reads them.
 *
 * It takes some 0.3 us, as V8 caches nothing of names that are not there. Who
 * asks for each connection looks first whether there is such an option at all.
 *
 * @param {Object} [options] The options
 * @param {String} name The name of one
 * @param {*} [otherwise] What it is by default
 * @return {*} Its value, unless it is there for all objects
 */
function given(options, name, otherwise) {
  if (options === undefined || options === null) return otherwise;

  const value = isForAll(options, name) ? undefined : options[name];

  return value === undefined ? otherwise : value;
}

/**
 * Whether it comes from an `Object.prototype`: of this context, or of that of
 * the options.
 */
function isForAll(options, name) {
  for (let object = options; !Object.hasOwn(object, name);) {
    const prototype = Object.getPrototypeOf(object);

    // A Proxy may still answer.
    if (prototype === null) return false;
    if (isRoot(prototype)) return Object.hasOwn(prototype, name);
    object = prototype;
  }

  return false;
}

/** Whether an object is the `Object.prototype` of some context. */
function isRoot(object) {
  return (
    object === Object.prototype ||
    (Object.getPrototypeOf(object) === null &&
      Object.hasOwn(object, 'isPrototypeOf'))
  );
}

module.exports = given;

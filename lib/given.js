'use strict';

/**
 * An option that `ws` does not have. Those of `ws` are read as `ws` reads them. With
 * ours something on `Object.prototype` that happens to have the name may not do
 * anything: no program has asked for it.
 *
 * It takes some 0.3 us, as V8 caches nothing of names that are not there. Who asks
 * for each connection looks first whether there is such an option at all.
 *
 * @param {Object} [options] The options
 * @param {String} name The name of one
 * @param {*} [otherwise] What it is by default
 * @return {*} Its value, unless it is there for all objects
 */
function given(options, name, otherwise) {
  if (options === undefined || options === null) return otherwise;

  const isForAll =
    Object.hasOwn(Object.prototype, name) && !Object.hasOwn(options, name);
  const value = isForAll ? undefined : options[name];

  return value === undefined ? otherwise : value;
}

module.exports = given;

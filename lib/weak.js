'use strict';

/**
 * `WeakRef` and `FinalizationRegistry`, as they are when this module is loaded. Programs
 * that want to be the same each time take them away, before or after.
 */

const { vm } = require('./builtins');

/** That of a new context does the same, and takes a millisecond to make. */
const here = (name) => vm.runInNewContext(name);

module.exports = {
  FinalizationRegistry:
    globalThis.FinalizationRegistry ?? here('FinalizationRegistry'),
  WeakRef: globalThis.WeakRef ?? here('WeakRef')
};

'use strict';

// Has every package find ours under the name of `ws`, as an alias in
// package.json does.

const Module = require('node:module');
const path = require('node:path');

const root = path.resolve(__dirname, '../../..');
const resolve = Module._resolveFilename;

Module._resolveFilename = function (name, ...rest) {
  return resolve.call(this, name === 'ws' ? root : name, ...rest);
};

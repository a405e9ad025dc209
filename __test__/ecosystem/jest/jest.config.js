'use strict';

module.exports = {
  // Nothing is to be compiled.
  transform: {},
  testMatch: ['**/*.spec.js']
};

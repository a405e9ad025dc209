'use strict';

// Made by `node scripts/npm-packages.js`. Not all bundlers can read JSON.

/** The version in package.json. */
module.exports = '8.23.0';

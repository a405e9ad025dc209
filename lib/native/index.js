'use strict';

// The compiled addon's exports; see native-loader.js for where it is found.
module.exports = require('./loader').loadNative();

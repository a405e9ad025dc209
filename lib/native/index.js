'use strict';

/**
 * The compiled addon's functions, for this copy of the JavaScript alone: there
 * may be others in the process, over the same addon. See loader.js for where it
 * is found.
 */
module.exports = require('./loader').loadNative().createBinding();

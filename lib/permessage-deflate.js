'use strict';

// Where ws has it.
module.exports = require('./compression/permessage-deflate');

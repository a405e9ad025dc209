'use strict';

// Where ws has it.
module.exports = require('./api/receiver');

'use strict';

// Where ws has it.
module.exports = require('./connection/receiver');

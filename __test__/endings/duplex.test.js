'use strict';

const { matrix } = require('../support/endings/matrix');

matrix('duplex');

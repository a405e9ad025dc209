'use strict';

const { matrix } = require('../support/endings/matrix');

// Servers of the program's with TLS of our own, which only tests ask for.
process.env.WS_RS_TLS = 'forced';
matrix('tls');

'use strict';

// As tcp.test.js, with Node reading and writing the socket.
process.env.WS_RS_TRANSPORT = 'stream';

const { matrix } = require('../support/endings/matrix');

matrix('tcp');

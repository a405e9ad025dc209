'use strict';

const { it } = require('node:test');

const { matrix } = require('../support/endings/matrix');
const { noUnix } = require('../support/wires');

if (noUnix) it('the ends of connections over Unix sockets', { skip: noUnix });
else matrix('unix');

'use strict';

// The echo server on npm `ws`, without its optional addons.

process.env.WS_NO_BUFFER_UTIL = '1';
process.env.WS_NO_UTF_8_VALIDATE = '1';

const { serveWithWs } = require('./control');

serveWithWs(require('ws'));

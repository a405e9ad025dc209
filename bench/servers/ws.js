'use strict';

// The echo server on npm `ws`. It takes up the addon bufferutil unless
// WS_NO_BUFFER_UTIL is set.

const { serveWithWs } = require('./control');

// Without this, a run that is meant to use the addon could pass without it.
if (!process.env.WS_NO_BUFFER_UTIL) require('bufferutil');

serveWithWs(require('ws'));

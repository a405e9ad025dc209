'use strict';

// The echo server on ws-rs; WS_RS_TRANSPORT in the environment picks the
// transport.

const { serveWithWs } = require('./control');

serveWithWs(require('../..'));

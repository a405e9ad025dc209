'use strict';

// The echo server on ws-rs; WS_RS_TRANSPORT in the environment picks the
// transport.

const { serveWithWs } = require('./control');

// A transport that ws-rs does not have would be measured as another one under
// its name. Add one here together with a way to tell that it is in use.
const transports = ['stream'];
const wanted = process.env.WS_RS_TRANSPORT;

if (wanted && !transports.includes(wanted)) {
  throw new Error(
    `ws-rs has no ${wanted} transport yet; it has ${transports.join(', ')} ` +
      '(see bench/servers/ws-rs.js)'
  );
}

serveWithWs(require('../..'));

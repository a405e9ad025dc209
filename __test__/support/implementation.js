'use strict';

// What the tests of faults/ and endings/ are about. Their expectations are those of `ws`, which
// shows when they run against it:
//
//   WS_RS_TEST_IMPLEMENTATION=node_modules/ws node --test __test__/{faults,endings}/*.test.js

const path = require('node:path');

const ROOT = path.resolve(__dirname, '../..');

/** The folder of the package under test. */
const FOLDER = path.resolve(ROOT, process.env.WS_RS_TEST_IMPLEMENTATION || '.');

const WebSocket = require(FOLDER);

/** The package at the other end of a connection. */
const Peer = require('ws');

/** Whether what is under test is this package, and not `ws`. */
const isOurs = FOLDER === ROOT;

module.exports = { FOLDER, isOurs, Peer, ROOT, WebSocket };

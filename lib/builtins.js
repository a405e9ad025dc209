'use strict';

/**
 * Node's modules as they are. A test runner that mocks a module, as
 * `jest.mock('fs')` does, means what the program does with it, and not that a
 * WebSocket package looks for a file, or at the class of a server, when it is
 * loaded. What connections are made with (`http.get()`, `https.get()`,
 * `net.connect()`, `http.createServer()`, ...) is required where it is called,
 * mocks and all, as with ws.
 */

/** Node has it from 20.16 and 22.3 on. */
const getBuiltinModule =
  typeof process.getBuiltinModule === 'function'
    ? process.getBuiltinModule
    : () => undefined;

// Bundlers look for requires with a literal name.
module.exports = {
  asyncHooks: getBuiltinModule('async_hooks') ?? require('async_hooks'),
  crypto: getBuiltinModule('crypto') ?? require('crypto'),
  diagnostics:
    getBuiltinModule('diagnostics_channel') ?? require('diagnostics_channel'),
  fs: getBuiltinModule('fs') ?? require('fs'),
  http: getBuiltinModule('http') ?? require('http'),
  https: getBuiltinModule('https') ?? require('https'),
  net: getBuiltinModule('net') ?? require('net'),
  os: getBuiltinModule('os') ?? require('os'),
  path: getBuiltinModule('path') ?? require('path'),
  timers: getBuiltinModule('timers') ?? require('timers'),
  tls: getBuiltinModule('tls') ?? require('tls'),
  util: getBuiltinModule('util') ?? require('util'),
  v8: getBuiltinModule('v8') ?? require('v8'),
  vm: getBuiltinModule('vm') ?? require('vm'),
  workerThreads: getBuiltinModule('worker_threads') ?? require('worker_threads')
};

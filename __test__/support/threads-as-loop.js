'use strict';

// Preloaded (`node --require`) with WS_RS_IO_THREADS set: connections on threads
// say that they are on 'loop', for the tests that check that a connection is
// native before they do what they are for. Only programs are told so: the
// connection itself has to know where it is.

const { prototype } = require('../../lib/api/websocket');
const { prototype: server } = require('../../lib/api/websocket-server');

const { get } = Object.getOwnPropertyDescriptor(prototype, 'transport');

Object.defineProperty(prototype, 'transport', {
  configurable: true,
  get() {
    const transport = get.call(this);

    return transport === 'threads' ? 'loop' : transport;
  }
});

const { metrics } = server;

server.metrics = function () {
  const all = metrics.call(this);
  const { connections } = all;

  connections.loop += connections.threads;
  connections.threads = 0;
  return all;
};

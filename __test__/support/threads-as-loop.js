'use strict';

// Preloaded (`node --require`) with WS_RS_IO_THREADS set: connections on threads
// say that they are on 'loop', for the tests that check that a connection is
// native before they do what they are for.

const Connection = require('../../lib/connection/connection');
const LightConnection = require('../../lib/connection/light-connection');

for (const { prototype } of [Connection, LightConnection]) {
  const { get } = Object.getOwnPropertyDescriptor(prototype, 'transport');

  Object.defineProperty(prototype, 'transport', {
    configurable: true,
    get() {
      const transport = get.call(this);

      return transport === 'threads' ? 'loop' : transport;
    }
  });
}

'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { Server } = require('../lib/server');

const pin = (program, args) => [program, args];

test('a transport that ws-rs does not have is refused, not measured', async () => {
  for (const name of ['ws-rs:pool', 'ws-rs:pool']) {
    await assert.rejects(Server.start(name, pin), /ws-rs has no \w+ transport/);
  }
});

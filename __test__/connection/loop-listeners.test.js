'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { listen, onSpareTaken } = require('../../lib/connection/loop-listeners');
const native = require('../../lib/native');
const { level } = require('../../lib/native/event-rows');
const { skip } = require('../support/loop');

// What the listeners do with events is tested over sockets: wire/loop-*.test.js.
describe('The listeners of the event loop', { skip }, () => {
  it('are given to the native side once, however often that is wanted', () => {
    listen();
    listen();

    const others = new Proxy({}, { get: () => () => {} });

    assert.throws(() => native.onEvents(others), /the event loop has/);
  });

  it('make memory as long as that which a message took', () => {
    const { payloads } = level(0);
    const taken = Buffer.allocUnsafeSlow(20_000);

    listen();
    payloads[0] = taken;
    onSpareTaken();
    assert.strictEqual(payloads[0].length, 20_000);
    assert.notStrictEqual(payloads[0].buffer, taken.buffer);
  });
});

'use strict';

const assert = require('node:assert');
const { EventEmitter } = require('node:events');
const { test } = require('node:test');

const { defineEventAttributes } = require('../../lib/api/event-attributes');
const { EventTarget } = require('../../lib/api/event-target');

class Target extends EventEmitter {}

Object.assign(Target.prototype, EventTarget);
defineEventAttributes(Target.prototype);

test('each event has an attribute that can be enumerated and is null at first', () => {
  const target = new Target();

  for (const name of ['onclose', 'onerror', 'onmessage', 'onopen']) {
    const { configurable, enumerable } = Object.getOwnPropertyDescriptor(
      Target.prototype,
      name
    );

    assert.deepStrictEqual(
      { configurable, enumerable },
      {
        configurable: true,
        enumerable: true
      }
    );
    assert.strictEqual(target[name], null);
  }
});

test('an attribute replaces its own listener and leaves the others alone', () => {
  const target = new Target();
  const calls = [];

  target.on('open', () => calls.push('on'));
  target.onopen = () => calls.push('first');
  target.onopen = () => calls.push('second');
  target.emit('open');

  assert.deepStrictEqual(calls, ['on', 'second']);
  assert.strictEqual(target.listenerCount('open'), 2);
});

test('what is no function removes the listener', () => {
  const target = new Target();

  target.onclose = () => assert.fail('was removed');
  target.onclose = 'text';

  assert.strictEqual(target.onclose, null);
  assert.strictEqual(target.listenerCount('close'), 0);
});

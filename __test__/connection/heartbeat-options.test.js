'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const readHeartbeat = require('../../lib/connection/heartbeat-options');
const WebSocket = require('../../index');

test('there is no heartbeat unless it is asked for', () => {
  for (const nothing of [undefined, null, false]) {
    assert.strictEqual(readHeartbeat(nothing), null);
  }
});

test('the timeout is as long as the interval by default', () => {
  for (const timeout of [undefined, null]) {
    assert.deepStrictEqual(readHeartbeat({ interval: 5, timeout }), {
      interval: 5,
      timeout: 5
    });
  }
  assert.deepStrictEqual(
    readHeartbeat({ interval: 0.5, timeout: 2 ** 31 - 1 }),
    {
      interval: 0.5,
      timeout: 2147483647
    }
  );
});

test('what is no heartbeat is refused with what it should be', () => {
  for (const wrong of [true, 30_000, '30s', () => {}]) {
    assert.throws(() => readHeartbeat(wrong), {
      name: 'TypeError',
      message: /"heartbeat" is an object like \{ interval: 30000/
    });
  }
});

test('a time that is no number, or of no use, is refused by its name', () => {
  for (const wrong of [undefined, null, '1000', {}, 1n]) {
    assert.throws(() => readHeartbeat({ interval: wrong }), {
      name: 'TypeError',
      message: /^"interval" of the option "heartbeat" is a number of millisec/
    });
  }
  for (const wrong of [0, -1, NaN, Infinity, 2 ** 31]) {
    assert.throws(() => readHeartbeat({ interval: 1, timeout: wrong }), {
      name: 'RangeError',
      message: /^"timeout" of the option "heartbeat" is above 0 and at most 21/
    });
  }
});

test('servers and clients look at the option when they are made', () => {
  const heartbeat = { interval: 0 };

  assert.throws(
    () => new WebSocket.Server({ noServer: true, heartbeat }),
    RangeError
  );
  assert.throws(
    () => new WebSocket('ws://127.0.0.1:1', { heartbeat }),
    RangeError
  );
});

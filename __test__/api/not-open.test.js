'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { notOpenError, sendAfterClose } = require('../../lib/api/not-open');

test('the error names the state by number and by name', () => {
  assert.strictEqual(
    notOpenError({ readyState: 2 }).message,
    'WebSocket is not open: readyState 2 (CLOSING)'
  );
});

test('what cannot be sent is counted in bytes, whatever its type', () => {
  const websocket = { readyState: 3, _socket: null, _bufferedAmount: 0 };

  for (const data of [
    'é',
    Buffer.alloc(3),
    new ArrayBuffer(4),
    new Uint16Array(2),
    [1, 2],
    new Blob(['abc']),
    // Its memory cannot be found.
    Object.setPrototypeOf(Buffer.alloc(5), null)
  ]) {
    sendAfterClose(websocket, data);
  }

  assert.strictEqual(websocket._bufferedAmount, 2 + 3 + 4 + 4 + 2 + 3);
});

test('the callback gets the error in a later tick', (t, done) => {
  let called = false;

  sendAfterClose({ readyState: 3, _socket: null }, undefined, (err) => {
    called = true;
    assert.match(err.message, /readyState 3 \(CLOSED\)/);
    done();
  });
  assert.strictEqual(called, false);
});

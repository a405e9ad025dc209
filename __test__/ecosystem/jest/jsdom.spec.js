/** @jest-environment jsdom */
'use strict';

// As in a browser, but for what Node's modules have.
const WebSocket = require('../../..');
const { converse, ECHOED } = require('./conversation');

test('it is another global object', () => {
  expect(typeof window).toBe('object');
  expect(typeof setImmediate).toBe('undefined');
});

test.each([false, true])('messages move; compressed: %p', async (deflate) => {
  expect(await converse(WebSocket, { perMessageDeflate: deflate })).toEqual(
    ECHOED
  );
});

test('with fake timers, too', async () => {
  jest.useFakeTimers();
  expect(await converse(WebSocket)).toEqual(ECHOED);
  jest.useRealTimers();
});

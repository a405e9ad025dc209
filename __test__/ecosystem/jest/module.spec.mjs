import { jest } from '@jest/globals';

import conversation from './conversation.js';
import WebSocket, { WebSocketServer } from '../../../wrapper.mjs';

const { converse, ECHOED } = conversation;
const lib = { WebSocket, WebSocketServer };

test.each([false, true])('messages move; compressed: %p', async (deflate) => {
  expect(await converse(lib, { perMessageDeflate: deflate })).toEqual(ECHOED);
});

test('with fake timers, too', async () => {
  jest.useFakeTimers();
  expect(await converse(lib)).toEqual(ECHOED);
  jest.useRealTimers();
});

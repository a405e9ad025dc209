// @vitest-environment jsdom
import { expect, test, vi } from 'vitest';
import * as lib from 'ws-rs';

import { converse, ECHOED } from './conversation.cjs';

test('it is a global object as in a browser', () => {
  expect(typeof window).toBe('object');
  expect(globalThis.WebSocket).not.toBe(lib.WebSocket);
});

test.each([false, true])('messages move; compressed: %s', async (deflate) => {
  expect(await converse(lib, { perMessageDeflate: deflate })).toEqual(ECHOED);
});

test('with fake timers, too', async () => {
  vi.useFakeTimers();
  expect(await converse(lib)).toEqual(ECHOED);
  vi.useRealTimers();
});

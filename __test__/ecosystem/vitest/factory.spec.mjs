import { expect, test, vi } from 'vitest';
import WebSocket, * as lib from 'ws-rs';

import { converse, ECHOED } from './conversation.cjs';

vi.mock('ws-rs', async (importOriginal) => {
  const original = await importOriginal();
  class Counted extends original.WebSocket {
    static count = 0;

    constructor(...args) {
      super(...args);
      Counted.count++;
    }
  }

  return { ...original, default: Counted, WebSocket: Counted };
});

test('vi.mock() with a factory puts a class of the program in place of ours', async () => {
  expect(lib.WebSocket).toBe(WebSocket);
  expect(await converse(lib)).toEqual(ECHOED);
  expect(WebSocket.count).toBe(1);
});

import assert from 'node:assert';
import { mock, test } from 'node:test';

import * as actual from 'ws-rs';

import conversation from '../jest/conversation.js';

const { converse, ECHOED } = conversation;

class Counted extends actual.WebSocket {
  static count = 0;

  constructor(...args) {
    super(...args);
    Counted.count++;
  }
}

test("mock.module() puts a program's own in place of the package, until it is restored", async () => {
  const mocked = mock.module('ws-rs', {
    defaultExport: Counted,
    namedExports: { WebSocketServer: actual.WebSocketServer }
  });
  const { default: WebSocket, WebSocketServer } = await import('ws-rs');

  assert.strictEqual(WebSocket, Counted);
  assert.deepStrictEqual(
    await converse({ WebSocket, WebSocketServer }),
    ECHOED
  );
  assert.strictEqual(Counted.count, 1);
  mocked.restore();
  assert.strictEqual((await import('ws-rs')).default, actual.WebSocket);
});

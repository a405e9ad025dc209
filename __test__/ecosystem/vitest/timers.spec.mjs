import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

import { afterEach, describe, expect, test, vi } from 'vitest';
import * as lib from 'ws-rs';

import { converse, ECHOED } from './conversation.cjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** All that it can replace, but nextTick: Node itself needs that. */
const ALL = [
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
  ...['setImmediate', 'clearImmediate', 'Date', 'performance'],
  'queueMicrotask'
];

afterEach(() => vi.useRealTimers());

describe.each([
  ['as Vitest replaces them', {}],
  ['all of them', { toFake: ALL }]
])('With fake timers, %s,', (_, options) => {
  test.each([false, true])('messages move; compressed: %s', async (deflate) => {
    vi.useFakeTimers(options);
    expect(await converse(lib, { perMessageDeflate: deflate })).toEqual(ECHOED);
  });
});

test('a fake clock drives the time that closing may take', async () => {
  // One that never answers a close frame.
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (request) => {
      const [, key] = /sec-websocket-key: (.*)\r/i.exec(String(request));
      const accept = createHash('sha1')
        .update(key + GUID)
        .digest('base64');

      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
          `Connection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
      );
    });
  });

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

  const ws = new lib.WebSocket(`ws://127.0.0.1:${server.address().port}`);

  await new Promise((resolve) => ws.on('open', resolve));
  vi.useFakeTimers();

  const closed = new Promise((resolve) => ws.on('close', resolve));

  ws.close();
  vi.advanceTimersByTime(29_999);
  expect(ws.readyState).toBe(ws.CLOSING);
  expect(ws._socket.destroyed).toBe(false);
  vi.advanceTimersByTime(1);
  expect(await closed).toBe(1006);
  await new Promise((resolve) => server.close(resolve));
});

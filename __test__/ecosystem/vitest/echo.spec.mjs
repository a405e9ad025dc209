import { expect, test } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws-rs';

import { converse, ECHOED } from './conversation.cjs';

const lib = { WebSocket, WebSocketServer };

test.each([false, true])('messages move; compressed: %s', async (deflate) => {
  expect(await converse(lib, { perMessageDeflate: deflate })).toEqual(ECHOED);
});

test('connections are on the transport that they are on without Vitest', async () => {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });

  await new Promise((resolve) => wss.on('listening', resolve));
  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));

  const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);

  await new Promise((resolve) => ws.on('open', resolve));
  ws.send('hello');
  await new Promise((resolve) => ws.on('message', resolve));
  expect(ws.transport).toBe(process.platform === 'win32' ? 'stream' : 'loop');
  ws.close();
  await new Promise((resolve) => wss.close(resolve));
});

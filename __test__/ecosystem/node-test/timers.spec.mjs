import assert from 'node:assert';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, mock, test } from 'node:test';

import { WebSocket, WebSocketServer } from 'ws-rs';

import conversation from '../jest/conversation.js';

const { converse, ECHOED } = conversation;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

afterEach(() => mock.timers.reset());

for (const perMessageDeflate of [false, true]) {
  test(`messages move while all timers are mocked; compressed: ${perMessageDeflate}`, async () => {
    mock.timers.enable();
    assert.deepStrictEqual(
      await converse({ WebSocket, WebSocketServer }, { perMessageDeflate }),
      ECHOED
    );
  });
}

test('mocked intervals drive the pings of a program', async () => {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });

  await once(wss, 'listening');

  const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  const [peer] = await once(wss, 'connection');

  await once(ws, 'open');
  mock.timers.enable({ apis: ['setInterval'] });

  const interval = setInterval(() => peer.ping('beat'), 30_000);
  const pong = once(peer, 'pong');

  mock.timers.tick(30_000);
  assert.strictEqual(String((await pong)[0]), 'beat');
  clearInterval(interval);
  ws.terminate();
  wss.close();
  await once(wss, 'close');
});

test('a mocked clock drives the time that closing may take', async () => {
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

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const ws = new WebSocket(`ws://127.0.0.1:${server.address().port}`);

  await once(ws, 'open');
  mock.timers.enable({ apis: ['setTimeout'] });

  const closed = once(ws, 'close');

  ws.close();
  mock.timers.tick(29_999);
  assert.strictEqual(ws.readyState, WebSocket.CLOSING);
  assert.strictEqual(ws._socket.destroyed, false);
  mock.timers.tick(1);
  assert.strictEqual((await closed)[0], 1006);
  server.close();
  await once(server, 'close');
});

import assert from 'node:assert';
import { once } from 'node:events';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { WebSocket, WebSocketServer } from 'ws-rs';

let client;
let peer;
let wss;

beforeEach(async () => {
  wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(wss, 'listening');
  client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  [[peer]] = await Promise.all([once(wss, 'connection'), once(client, 'open')]);
});

afterEach(async () => {
  mock.restoreAll();
  client.terminate();
  wss.close();
  await once(wss, 'close');
});

test('a mocked send() of a connection sees what is sent, and sends it', async () => {
  const send = mock.method(peer, 'send');

  peer.send('hello');
  assert.strictEqual(String((await once(client, 'message'))[0]), 'hello');
  assert.deepStrictEqual(send.mock.calls[0].arguments, ['hello']);
});

test('a mocked send() of the class sees all connections', async () => {
  const send = mock.method(WebSocket.prototype, 'send');

  peer.send('to the client');
  client.send('to the server');
  await Promise.all([once(client, 'message'), once(peer, 'message')]);
  assert.strictEqual(send.mock.callCount(), 2);
});

test('a mocked send() that does nothing sends nothing until it is restored', async () => {
  const send = mock.method(peer, 'send', () => {});

  peer.send('lost');
  send.mock.restore();
  peer.send('found');
  assert.strictEqual(String((await once(client, 'message'))[0]), 'found');
});

test("a mocked write() of the socket sees the frames, and has the socket's own after that", async () => {
  // On the native wire, where there is one.
  peer.send('before');
  await once(client, 'message');

  const write = mock.method(peer._socket, 'write');

  peer.send('hello');
  assert.strictEqual(String((await once(client, 'message'))[0]), 'hello');
  assert.deepStrictEqual(
    Buffer.concat(write.mock.calls.map((call) => call.arguments[0])),
    Buffer.from('\x81\x05hello', 'latin1')
  );
  write.mock.restore();
  peer.send('after');
  assert.strictEqual(String((await once(client, 'message'))[0]), 'after');
});

test('a mocked emit() sees the events', async () => {
  const emit = mock.method(client, 'emit');

  peer.send('hello');
  await once(client, 'message');
  assert.strictEqual(emit.mock.calls[0].arguments[0], 'message');
});

'use strict';

/* global serve -- the program begins with it */

const assert = require('node:assert');
const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const { once } = require('node:events');
const { test } = require('node:test');

const { openPair, openRawClient } = require('./support/pairs');
const { bytesOf } = require('./support/peers');
const { evaluate } = require('./support/programs');
const WebSocket = require('../index');

/** Keeps what is published on a channel while a test runs. */
function watch(t, name) {
  const messages = [];
  const onMessage = (message) => messages.push(message);

  subscribe(name, onMessage);
  t.after(() => unsubscribe(name, onMessage));
  return messages;
}

test('connections of servers are published before the program has them', async (t) => {
  const messages = watch(t, 'ws-rs:connection');
  const seen = [];
  const { client, peer, request, wss } = await openPair(t, {
    server: {
      verifyClient() {
        seen.push(messages.length);
        return true;
      }
    }
  });
  const [ofServer] = messages.filter(({ server }) => server !== undefined);
  const [ofClient] = messages.filter(({ server }) => server === undefined);

  assert.deepStrictEqual(seen, [0]);
  assert.strictEqual(messages.length, 2);
  assert.deepStrictEqual(Object.keys(ofServer).sort(), [
    'request',
    'server',
    'websocket'
  ]);
  assert.strictEqual(ofServer.websocket, peer);
  assert.strictEqual(ofServer.request, request);
  assert.strictEqual(ofServer.server, wss);
  assert.deepStrictEqual(Object.keys(ofClient), ['websocket']);
  assert.strictEqual(ofClient.websocket, client);
});

test('closed connections are published with code and reason', async (t) => {
  const messages = watch(t, 'ws-rs:close');
  const { client, peer } = await openPair(t);
  const closed = [once(client, 'close'), once(peer, 'close')];

  client.close(4000, 'enough');
  await Promise.all(closed);

  for (const end of [client, peer]) {
    assert.deepStrictEqual(
      messages.filter(({ websocket }) => websocket === end),
      [{ code: 4000, reason: Buffer.from('enough'), websocket: end }]
    );
  }
});

test('errors of connections are published, and of handshakes', async (t) => {
  const messages = watch(t, 'ws-rs:error');
  const { peer, socket } = await openRawClient(t);
  const failed = once(peer, 'error');

  socket.write(Buffer.from([0xff, 0x80, 0, 0, 0, 0]));

  const [error] = await failed;

  assert.deepStrictEqual(messages, [{ error, websocket: peer }]);

  const client = new WebSocket('ws://127.0.0.1:1');
  const [refused] = await once(client, 'error');

  assert.deepStrictEqual(messages[1], { error: refused, websocket: client });
});

test('messages for slow peers are published with what becomes of them', async (t) => {
  const messages = watch(t, 'ws-rs:backpressure');
  const { peer, socket } = await openRawClient(t, {
    maxBackpressure: 1000,
    onBackpressure: 'drop'
  });

  socket.pause();
  peer.send(bytesOf(2 ** 24));
  peer.send('more');

  const [{ bytes }] = messages;

  assert.ok(bytes > 1000);
  assert.deepStrictEqual(messages, [
    { action: 'drop', bytes, length: 4, websocket: peer }
  ]);
});

test('a subscriber that throws disturbs no connection', async () => {
  const seen = await evaluate(async () => {
    const { subscribe } = require('node:diagnostics_channel');
    const seen = [];

    process.on('uncaughtException', ({ message }) => seen.push(message));
    for (const name of ['connection', 'close']) {
      subscribe(`ws-rs:${name}`, () => {
        throw new Error(name);
      });
    }

    const wss = await serve();
    const client = new WebSocket(wss.url);

    wss.on('connection', (ws) => {
      ws.send('hello');
      ws.on('close', () => {
        wss.close();
        setImmediate(() => console.log(JSON.stringify(seen.sort())));
      });
    });
    client.on('message', () => client.close());
  });

  assert.deepStrictEqual(seen, ['close', 'close', 'connection', 'connection']);
});

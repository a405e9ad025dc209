'use strict';

const WebSocket = require('../../..');
const { converse, ECHOED } = require('./conversation');

const CLOCKS = {
  modern: {},
  'modern, in place before the package is loaded': { load: true },
  legacy: { legacyFakeTimers: true },
  'legacy, in place before the package is loaded': {
    legacyFakeTimers: true,
    load: true
  }
};

afterEach(() => jest.useRealTimers());

describe.each(Object.entries(CLOCKS))('With fake timers, %s,', (_, options) => {
  const { load, ...clock } = options;

  test.each([false, true])('messages move; compressed: %p', async (deflate) => {
    jest.useFakeTimers(clock);
    if (load) jest.resetModules();

    const lib = load ? require('../../..') : WebSocket;

    expect(await converse(lib, { perMessageDeflate: deflate })).toEqual(ECHOED);
  });
});

test.each(Object.entries({ modern: {}, legacy: { legacyFakeTimers: true } }))(
  'a fake clock, %s, drives what a program hears of what it did itself',
  (_, clock) => {
    jest.useFakeTimers(clock);

    const heard = [];
    const ws = new WebSocket('ws://127.0.0.1:1');

    ws.on('error', (err) => heard.push(err.message));
    ws.on('close', (code) => heard.push(code));
    ws.terminate();
    expect(heard).toEqual([]);
    jest.runAllTicks();
    expect(heard).toEqual([
      'WebSocket was closed before the connection was established',
      1006
    ]);

    ws.send('', (err) => heard.push(err.message));
    new WebSocket.Server({ noServer: true }).close(() => heard.push('closed'));
    expect(heard).toHaveLength(2);
    jest.runAllTicks();
    expect(heard.slice(2)).toEqual([
      'WebSocket is not open: readyState 3 (CLOSED)',
      'closed'
    ]);
  }
);

test('a fake clock drives the time that closing may take', async () => {
  const { createServer } = require('node:net');
  const { createHash } = require('node:crypto');
  const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
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

  const ws = new WebSocket(`ws://127.0.0.1:${server.address().port}`);

  await new Promise((resolve) => ws.on('open', resolve));
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });

  const closed = new Promise((resolve) => ws.on('close', resolve));

  ws.close();
  jest.advanceTimersByTime(29_999);
  expect(ws.readyState).toBe(WebSocket.CLOSING);
  expect(ws._socket.destroyed).toBe(false);
  jest.advanceTimersByTime(1);
  expect(await closed).toBe(1006);
  await new Promise((resolve) => server.close(resolve));
});

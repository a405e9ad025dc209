'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');
const { setImmediate: immediate } = require('node:timers/promises');

const { WebSocket, WebSocketServer } = require('../..');
const { accept, startServer } = require('../client-fixtures');
const { TEXT, frame } = require('../support/frames');
const { until } = require('../support/loop');

const MASK = Buffer.from([1, 2, 3, 4]);

describe('What comes behind a message that cannot be inflated', () => {
  it('is read up to its end and dropped, however many chunks there are', async (t) => {
    const wss = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      perMessageDeflate: true
    });

    t.after(() => wss.close());
    await once(wss, 'listening');

    const connected = once(wss, 'connection');
    const peer = net.connect({
      port: wss.address().port,
      host: '127.0.0.1',
      allowHalfOpen: true
    });

    t.after(() => peer.destroy());
    peer.on('error', () => {});
    peer.setNoDelay(true);
    peer.resume();
    peer.write(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n' +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n'
    );

    const [ws] = await connected;
    const events = [];

    ws.on('message', () => events.push('message'));
    ws.on('error', (err) => events.push(err.code));
    ws.on('close', (code) => events.push(code));

    peer.write(frame(TEXT, Buffer.from([0xff, 0xff]), { mask: MASK, rsv: 4 }));
    await until(() => events.length > 0);

    let read = ws._socket.bytesRead;

    for (let i = 0; i < 4; i++) {
      const piece = frame(TEXT, `plain ${i}`, { mask: MASK });

      peer.write(piece);
      read += piece.length;
      await until(() => events.length > 1 || ws._socket.bytesRead === read);
      await immediate();
    }

    // The peer has not said yet that it is through.
    assert.deepStrictEqual(events, ['Z_DATA_ERROR']);
    peer.end();
    await until(() => events.length > 1);
    assert.deepStrictEqual(events, ['Z_DATA_ERROR', 1006]);
  });
});

describe('An error that a mask of the program is thrown for', () => {
  it('does not keep the connection from being closed', async (t) => {
    const uncaught = nextUncaught(t);
    const { url } = await startServer(t, (request, socket) => {
      accept(request, socket);
      // A client takes no masked frames. The socket is ended behind it.
      socket.end(frame(TEXT, 'hi', { mask: MASK }));
    });
    const ws = new WebSocket(url, {
      generateMask() {
        throw new Error('A fault of the program');
      }
    });

    ws.on('error', () => {});

    const closed = once(ws, 'close', { signal: AbortSignal.timeout(5000) });

    assert.strictEqual((await uncaught).message, 'A fault of the program');

    const [code] = await closed;

    assert.strictEqual(code, 1006);
  });
});

/** Resolves with the next thing that nobody catches. */
function nextUncaught(t) {
  const listeners = process.listeners('uncaughtException');

  process.removeAllListeners('uncaughtException');
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const one of listeners) process.on('uncaughtException', one);
  });
  return new Promise((resolve) => process.on('uncaughtException', resolve));
}

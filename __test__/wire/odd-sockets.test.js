'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const { WebSocket, WebSocketServer } = require('../..');
const { turns } = require('../support/loop');
const { openPair } = require('../support/pairs');
const { connect, listen } = require('../support/peers');
const { eventually } = require('../support/patience');

describe('A socket to which nothing can be added', () => {
  for (const accept of ['node', 'native']) {
    it(`has its messages read and frames written (${accept})`, (t) =>
      echoes(t, accept));
  }

  async function echoes(t, accept) {
    const wss = await listen(t, WebSocketServer, { accept });

    wss.on('connection', (ws) => {
      Object.preventExtensions(ws._socket);
      ws.send('1');
      ws.send('2');
      ws.on('message', (data) => ws.send(`re: ${data}`));
    });

    const [peer, client] = await connect(wss, WebSocket);
    const received = [];

    client.on('message', (data) => received.push(String(data)));
    await turns();
    // Node's own cannot be told of the native wire.
    if (accept === 'node') assert.strictEqual(peer.transport, 'stream');
    client.send('a');
    client.send('b');
    await eventually(
      () => received.includes('re: b'),
      () => received.join()
    );
    assert.deepStrictEqual(received.slice(-2), ['re: a', 're: b']);
  }
});

describe('A prototype that is put before that of a socket', () => {
  it('knows of no socket, and does nothing but what it did', async (t) => {
    const { peer } = await openPair(t);

    peer.send('1');

    const prototype = Object.getPrototypeOf(peer._socket);

    for (const name of ['bytesRead', 'bytesWritten', 'writableLength']) {
      assert.strictEqual(prototype[name], net.Socket.prototype[name]);
    }
    assert.strictEqual(prototype.writableNeedDrain, false);

    // As who borrows a method for another socket.
    const server = net.createServer().listen(0, '127.0.0.1');

    t.after(() => server.close());
    await once(server, 'listening');

    const another = net.connect(server.address().port, '127.0.0.1');
    const [far] = await once(server, 'connection');

    prototype.cork.call(another);
    prototype.write.call(another, 'a');
    another.uncork();
    prototype.end.call(another, 'b');

    const chunks = [];

    for await (const chunk of far) chunks.push(chunk);
    assert.strictEqual(String(Buffer.concat(chunks)), 'ab');
    prototype.destroy.call(another);
  });
});

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const ws = require('ws');

const { corpus } = require('../support/handshake-corpus');
const { portOf } = require('../support/raw-http');
const WebSocketServer = require('../../lib/api/websocket-server');

/** A masked text message, "hi", and a masked close frame, 1000. */
const FRAMES = '\x81\x82\0\0\0\0hi\x88\x82\0\0\0\0\x03\xe8';

/** How a request is sent. */
const WAYS = {
  'in one piece': (socket, bytes) => socket.end(bytes, 'latin1'),

  'byte by byte': async (socket, bytes) => {
    // The last 64 one by one: a head is not complete before its end.
    const most = Math.max(0, bytes.length - 64);

    socket.write(bytes.slice(0, most), 'latin1');
    for (let i = most; i < bytes.length && socket.writable; i++) {
      socket.write(bytes[i], 'latin1');
      await new Promise(setImmediate);
    }
    socket.end();
  },

  'followed by frames': (socket, bytes) => {
    socket.end(bytes + FRAMES, 'latin1');
  }
};

/** Sends a request, and gives all that is answered. */
async function answerTo(port, bytes, send) {
  const socket = net.connect({ allowHalfOpen: true, host: '127.0.0.1', port });
  const chunks = [];

  socket.setNoDelay();
  socket.on('data', (chunk) => chunks.push(chunk));
  // Of a server that is through with it before all was sent.
  socket.on('error', () => {});
  await once(socket, 'connect');

  const closed = new Promise((resolve) => socket.once('close', resolve));

  await send(socket, bytes);
  await closed;
  return Buffer.concat(chunks)
    .toString('latin1')
    .replace(/^Date: .*\r\n/m, '');
}

/** A server that says something, and echoes; `log` is what its program sees. */
async function serve(t, Server, options) {
  const wss = new Server({
    host: '127.0.0.1',
    perMessageDeflate: true,
    port: 0,
    ...options
  });
  const log = [];

  t.after(() => wss.close());
  wss.on('connection', (socket, request) => {
    log.push(`connection ${request.url} ${JSON.stringify(request.headers)}`);
    socket.on('error', (err) => log.push(`error ${err.message}`));
    // Compressed by ws on a thread, it may come too late for who has ended.
    socket.on('message', (data) => socket.send(data, { compress: false }));
    socket.on('close', (code) => log.push(`close ${code}`));
    socket.send('hello', { compress: false });
  });
  if (options.listens) {
    wss.on('wsClientError', (err, socket) => {
      log.push(`wsClientError ${err.message}`);
      socket.destroy();
    });
  }

  return { log, port: await portOf(wss) };
}

for (const [way, send] of Object.entries(WAYS)) {
  for (const listens of [false, true]) {
    const name = listens ? "with a 'wsClientError' listener" : 'answered';

    describe(`Requests ${way}, ${name}`, () => {
      it('are answered as by ws, and seen as with ws', async (t) => {
        const theirs = await serve(t, ws.WebSocketServer, { listens });
        const ours = await serve(t, WebSocketServer, { listens });
        const requests = corpus();

        assert.ok(requests.size >= 200);

        for (const [special, bytes] of requests) {
          const [expected, actual] = await Promise.all([
            answerTo(theirs.port, bytes, send),
            answerTo(ours.port, bytes, send)
          ]);

          assert.strictEqual(actual, expected, special);
          await settled(theirs.log, ours.log);
          assert.deepStrictEqual(
            ours.log.splice(0),
            theirs.log.splice(0),
            special
          );
        }
      });
    });
  }
}

/** The peer may see the end of a connection before the server's program does. */
async function settled(...logs) {
  const isOver = (log) =>
    log.filter((line) => line.startsWith('connection')).length ===
    log.filter((line) => line.startsWith('close')).length;

  while (!logs.every(isOver)) await new Promise(setImmediate);
}

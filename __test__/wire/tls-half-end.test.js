'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { skip } = require('../support/loop');
const { serveTls, upgrade } = require('../support/own-tls');

/** More than the kernel takes. */
const LENGTH = 16 * 1024 * 1024;

/** A client that has ended its side, while a long write to it is under way. */
async function halfEnded(t, write) {
  const server = await serveTls(t);
  const raw = net.connect({
    allowHalfOpen: true,
    host: '127.0.0.1',
    port: server.port
  });
  const socket = tls.connect({
    allowHalfOpen: true,
    rejectUnauthorized: false,
    servername: 'localhost',
    socket: raw
  });

  raw.on('error', () => {});
  socket.on('error', () => {});

  const ws = await upgrade(socket, server.wss);

  t.after(() => {
    ws.terminate();
    raw.destroy();
  });
  ws.on('error', () => {});

  const closed = once(ws, 'close');
  const ended = once(ws._socket, 'end');
  const written = new Promise((resolve) =>
    write(ws, Buffer.alloc(LENGTH), resolve)
  );

  socket.pause();
  socket.end();
  await ended;
  return { closed, raw, socket, written };
}

describe('What is written over TLS to a peer that has ended', { skip }, () => {
  for (const [how, write] of [
    ['by a stream', (ws, data, callback) => ws._socket.write(data, callback)],
    ['in frames', (ws, data, callback) => ws.send(data, callback)]
  ]) {
    it(`arrives when the peer reads: ${how}`, async (t) => {
      const { closed, socket, written } = await halfEnded(t, write);
      let length = 0;

      socket.on('data', (chunk) => (length += chunk.length));
      socket.resume();
      assert.ifError(await written);
      await Promise.all([closed, once(socket, 'end')]);
      assert.ok(length >= LENGTH);
    });

    it(`fails when the peer resets: ${how}`, async (t) => {
      const { closed, raw, written } = await halfEnded(t, write);

      raw.resetAndDestroy();
      assert.match((await written).code, /^(EPIPE|ECONNRESET)$/);
      await closed;
    });
  }
});

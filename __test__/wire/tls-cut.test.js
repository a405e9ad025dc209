'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { Duplex } = require('node:stream');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { skip } = require('../support/loop');
const { openTls, serveTls, upgradeRequest } = require('../support/own-tls');

/** With so many the selector tells of all: of bytes and their end at once. */
const MANY = 12;

/** A client whose next write is cut after some bytes, with the end behind them. */
async function connectToCut(t, port) {
  const raw = net.connect(port, '127.0.0.1');
  let isCut = false;
  const wire = new Duplex({
    read() {},
    write(bytes, encoding, callback) {
      if (isCut) {
        raw.end(bytes.subarray(0, 7));
        callback();
      } else {
        raw.write(bytes, callback);
      }
    }
  });

  raw.on('data', (bytes) => wire.push(bytes));
  raw.on('error', () => {});
  t.after(() => raw.destroy());

  const socket = tls.connect({
    rejectUnauthorized: false,
    servername: 'localhost',
    socket: wire
  });

  socket.on('error', () => {});
  await once(socket, 'secureConnect');

  return {
    cut(bytes) {
      isCut = true;
      socket.write(bytes);
    },
    raw,
    socket
  };
}

describe('A TLS connection that is cut within a record', { skip }, () => {
  for (const [title, others] of [
    ['alone', 0],
    ['among others', MANY]
  ]) {
    it(`is closed at once: ${title}`, async (t) => {
      const server = await serveTls(t);

      for (let i = 0; i < others; i++) await openTls(t, server);

      const { cut, raw, socket } = await connectToCut(t, server.port);
      const connected = once(server.wss, 'connection');

      socket.write(upgradeRequest());

      const [peer] = await connected;

      await once(socket, 'data');
      cut('\x81\x80\0\0\0\0');
      assert.strictEqual((await once(peer, 'close'))[0], 1006);
      if (!raw.closed) await once(raw, 'close');
    });
  }
});

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { skip } = require('../support/loop');
const {
  connectThrough,
  openTls,
  serveTls,
  upgrade
} = require('../support/own-tls');

/** With so many the selector tells of all: of bytes and their end at once. */
const MANY = 12;

/** A client whose next write is cut after some bytes, with the end behind them. */
async function connectToCut(t, port) {
  let isCut = false;
  const { raw, socket } = await connectThrough(
    t,
    port,
    (bytes, to, callback) => {
      if (isCut) {
        to.end(bytes.subarray(0, 7));
        callback();
      } else {
        to.write(bytes, callback);
      }
    }
  );

  socket.on('error', () => {});

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
      const peer = await upgrade(socket, server.wss);

      cut('\x81\x80\0\0\0\0');
      assert.strictEqual((await once(peer, 'close'))[0], 1006);
      if (!raw.closed) await once(raw, 'close');
    });
  }
});

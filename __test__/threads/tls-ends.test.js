'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { kConnection } = require('../../lib/members');
const native = require('../../lib/native');
const { turns, until } = require('../support/loop');
const {
  connectThrough,
  connectTls,
  openTls,
  readToEnd,
  serveTls,
  upgrade
} = require('../support/own-tls');
const { bytesOf, inbox } = require('../support/peers');
const { skipThreads: skip } = require('../support/threads');

const MIB = 1 << 20;

function serveOnThreads(t, options, others) {
  return serveTls(t, options, { ioThreads: 1, ...others });
}

describe('The end of a TLS connection on an I/O thread', { skip }, () => {
  it('ends with close frames and close_notify', async (t) => {
    const { port, wss } = await serveOnThreads(t);

    for (const who of ['peer', 'server']) {
      const socket = await connectTls(t, port);
      const peer = await upgrade(socket, wss);
      const closed = once(peer, 'close');
      const all = readToEnd(socket);

      if (who === 'server') peer.close(1000);
      // A masked close frame with 1000.
      socket.write('\x88\x82\0\0\0\0\x03\xe8', 'latin1');
      assert.strictEqual((await all).toString('latin1'), '\x88\x02\x03\xe8');
      assert.strictEqual((await closed)[0], 1000);
      // Without close_notify that is an error of the client's.
      assert.strictEqual(socket.errored, null);
    }
  });

  it('takes a close_notify without a close frame as an end', async (t) => {
    const { port, wss } = await serveOnThreads(t);
    const socket = await connectTls(t, port);
    const peer = await upgrade(socket, wss);
    const errors = [];

    peer.on('error', (err) => errors.push(err));
    socket.end('\x81\x82\0\0\0\0hi', 'latin1');
    socket.resume();

    const [[data], [code]] = await Promise.all([
      once(peer, 'message'),
      once(peer, 'close')
    ]);

    assert.strictEqual(data.toString(), 'hi');
    assert.strictEqual(code, 1006);
    assert.deepStrictEqual(errors, []);
  });

  it('ends, and the peer hears why, if a record was changed on the way', async (t) => {
    const { port, wss } = await serveOnThreads(t);
    const log = [];
    let corrupts = false;
    const { socket } = await connectThrough(t, port, (bytes, raw, callback) => {
      if (corrupts) bytes[bytes.length - 1] ^= 1;
      raw.write(bytes, callback);
    });

    socket.on('error', (err) => log.push(err.code));

    const peer = await upgrade(socket, wss);

    assert.strictEqual(peer.transport, 'threads');
    corrupts = true;
    socket.write('\x81\x80\0\0\0\0', 'latin1');

    // As over TLS of Node's, sockets' errors are no errors of a WebSocket.
    assert.strictEqual((await once(peer, 'close'))[0], 1006);
    await until(() => log.length > 0);
    // How OpenSSL calls the alert depends on its version.
    assert.strictEqual(log.length, 1);
    assert.match(log[0], /^ERR_SSL_.*_ALERT_BAD_RECORD_MAC$/);
  });

  it('is gone at once when it is terminated in traffic', async (t) => {
    const server = await serveOnThreads(t);
    const { client, peer } = await openTls(t, server);

    client.on('error', () => {});
    peer.on('message', () => {});
    for (let i = 0; i < 8; i++) {
      client.send(bytesOf(MIB));
      peer.send(bytesOf(MIB));
    }
    await turns(3);
    peer.terminate();

    const codes = await Promise.all([
      once(client, 'close'),
      once(peer, 'close')
    ]);

    assert.deepStrictEqual(
      codes.map(([code]) => code),
      [1006, 1006]
    );
    assert.strictEqual(server.wss.clients.size, 0);
  });

  it('ends with an error when its thread panics, and others go on', async (t) => {
    const server = await serveOnThreads(t, {}, { ioThreads: 2 });
    const pairs = [];

    for (let i = 0; i < 4; i++) pairs.push(await openTls(t, server));

    const log = [];

    for (const i of [0, 2]) {
      pairs[i].peer.on('error', (err) => log.push(err.message));
      pairs[i].peer.on('close', (code) => log.push(code));
      pairs[i].client.on('error', () => {});
    }

    native.threadPanic(pairs[0].peer[kConnection].decoder.id);
    await until(() => log.length === 4);
    for (const entry of log) {
      if (entry !== 1006) assert.match(entry, /its I\/O thread panicked$/);
    }
    for (const i of [1, 3]) {
      const take = inbox(pairs[i].peer);

      pairs[i].client.send('still here');
      assert.strictEqual(String(await take(1)), 'still here');
    }

    const { client, peer } = await openTls(t, server);
    const take = inbox(peer);

    client.send('new');
    assert.strictEqual(String(await take(1)), 'new');
    assert.strictEqual(peer.transport, 'threads');
  });
});

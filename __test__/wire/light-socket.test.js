'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');
const { inspect } = require('node:util');

const WebSocket = require('../../lib/api/websocket');
const { kWebSocket } = require('../../lib/constants');
const { isAvailable } = require('../../lib/wire/promotion');
const { isLight } = require('../../lib/wire/materialize');
const { closeOf, openPair, openRawClient } = require('../support/pairs');
const { eventually } = require('../support/patience');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');
const { serve } = require('../support/servers');

const skip = isAvailable ? false : 'there is no native wire to accept with';

describe('A light socket', { skip }, () => {
  it('is a net.Socket, and the one of the request', async (t) => {
    const { peer, request } = await openPair(t);
    const { _socket: socket } = peer;

    assert.ok(socket instanceof net.Socket);
    assert.strictEqual(socket.constructor, net.Socket);
    assert.strictEqual(request.socket, socket);
    assert.strictEqual(request.connection, socket);
    assert.ok(isLight(socket));
    socket.on('close', () => {});
    assert.ok(!isLight(socket));
    assert.strictEqual(request.socket, socket);
    assert.strictEqual(peer._socket, socket);
  });

  it('knows what it was opened for until that is closed, in both of its forms', async (t) => {
    for (const touch of [() => {}, (socket) => socket.on('close', () => {})]) {
      const { client, peer } = await openPair(t);
      const { _socket: socket } = peer;

      assert.strictEqual(socket[kWebSocket], peer);
      touch(socket);
      assert.strictEqual(socket[kWebSocket], peer);
      client.close();
      await closeOf(peer);
      assert.strictEqual(socket[kWebSocket], undefined);
    }
  });

  it('answers what programs mostly ask without being constructed', async (t) => {
    const { client, peer } = await openPair(t);
    const { _socket: socket } = peer;
    const { _socket: far } = client;

    assert.strictEqual(socket.remoteAddress, far.localAddress);
    assert.strictEqual(socket.remotePort, far.localPort);
    assert.strictEqual(socket.remoteFamily, 'IPv4');
    assert.strictEqual(socket.localPort, far.remotePort);
    assert.deepStrictEqual(socket.address(), {
      address: far.remoteAddress,
      family: 'IPv4',
      port: far.remotePort
    });
    assert.strictEqual(socket.destroyed, false);
    assert.strictEqual(socket.readable, true);
    assert.strictEqual(socket.writable, true);
    assert.strictEqual(socket.writableLength, 0);
    assert.strictEqual(socket.encrypted, undefined);
    assert.strictEqual(socket.authorized, undefined);
    assert.strictEqual(socket.setNoDelay(), socket);
    assert.strictEqual(socket.setTimeout(0), socket);
    assert.strictEqual(socket.pause(), socket);
    assert.strictEqual(socket.resume(), socket);
    assert.ok(isLight(socket));
  });

  it('has a timeout of 0, of which it need not be constructed', async (t) => {
    const { client, peer } = await openPair(t);
    const { _socket: socket } = peer;

    assert.strictEqual(socket.timeout, 0);
    assert.ok(isLight(socket));
    client.terminate();
    await closeOf(peer);
    assert.strictEqual(socket.timeout, 0);

    const other = await openPair(t);

    other.peer._socket.setTimeout(1000);
    assert.strictEqual(other.peer._socket.timeout, 1000);
    other.peer._socket.setTimeout(0);
    assert.strictEqual(other.peer._socket.timeout, 0);
  });

  it('has no timeout before it is that of a connection', async (t) => {
    const timeouts = [];

    await openPair(t, {
      server: {
        verifyClient({ req: { socket } }) {
          timeouts.push(isLight(socket), socket.timeout);
          socket.on('close', () => {});
          timeouts.push(isLight(socket), socket.timeout);
          return true;
        }
      }
    });
    assert.deepStrictEqual(timeouts, [true, undefined, false, undefined]);
  });

  it('knows the address of its peer behind its end, and its own no more', async (t) => {
    const { peer } = await openPair(t);
    const { _socket: socket } = peer;
    const { localAddress, localPort, remoteAddress, remotePort } = socket;

    assert.ok(localAddress && localPort && remoteAddress && remotePort);
    peer.terminate();
    assert.ok(isLight(socket));
    // As Node's own.
    assert.strictEqual(socket.remoteAddress, remoteAddress);
    assert.strictEqual(socket.remotePort, remotePort);
    assert.strictEqual(socket.localAddress, undefined);
    assert.strictEqual(socket.localPort, undefined);
    assert.deepStrictEqual(socket.address(), {});
  });

  it('counts the bytes of the handshake', async (t) => {
    const wss = serve(t);
    const connection = once(wss, 'connection');
    const request = upgradeRequest();
    const { socket } = await exchange(await portOf(wss), request);
    const [peer] = await connection;

    t.after(() => socket.destroy());
    assert.strictEqual(peer._socket.bytesRead, request.length);
    assert.ok(peer._socket.bytesWritten > 100);
    assert.strictEqual(peer._socket.bytesWritten, socket.bytesRead);
    assert.ok(isLight(peer._socket));
    void peer._socket._readableState;
    assert.strictEqual(peer._socket.bytesRead, request.length);
    assert.strictEqual(peer._socket.bytesWritten, socket.bytesRead);
  });

  it('writes what a program writes behind the handshake and frames', async (t) => {
    const wss = serve(t);

    wss.on('connection', (ws) => {
      ws.send('a');
      ws._socket.write('\x81\x01b', 'latin1');
      ws.send('c');
    });

    const client = new WebSocket(`ws://127.0.0.1:${await portOf(wss)}`);
    const received = [];

    t.after(() => client.terminate());
    client.on('message', (data) => received.push(String(data)));
    await eventually(
      () => received.length === 3,
      () => received.join()
    );
    assert.deepStrictEqual(received, ['a', 'b', 'c']);
  });

  it('gives its bytes to who listens for them', async (t) => {
    const wss = serve(t);
    const connection = once(wss, 'connection');
    const chunks = [];

    wss.on('connection', (ws) => {
      ws._socket.on('data', (chunk) => chunks.push(chunk));
    });

    const { socket } = await exchange(await portOf(wss), upgradeRequest());
    const [peer] = await connection;
    const message = once(peer, 'message');

    t.after(() => socket.destroy());
    socket.write('\x81\x82\0\0\0\0hi', 'latin1');
    assert.strictEqual(String((await message)[0]), 'hi');
    assert.strictEqual(
      Buffer.concat(chunks).toString('latin1'),
      '\x81\x82\0\0\0\0hi'
    );
    assert.strictEqual(peer.transport, 'stream');
  });

  it('has methods of the program called', async (t) => {
    for (const name of ['push', 'emit', 'destroy']) {
      const { client, peer } = await openPair(t);
      const { _socket: socket } = peer;
      const own = socket[name];
      let calls = 0;

      socket[name] = function watched(...args) {
        calls++;
        return own.apply(this, args);
      };
      client.send('x');
      await once(peer, 'message');
      if (name === 'destroy') peer.terminate();
      assert.ok(calls > 0, name);
      assert.strictEqual(isLight(socket), name === 'destroy');
    }
  });

  it('can be mocked by node:test', async (t) => {
    for (const name of ['destroy', 'end', 'pause', 'resume', 'setNoDelay']) {
      for (const isTouched of [false, true]) {
        const { client, peer } = await openPair(t);

        if (isTouched) peer._socket.on('close', () => {});

        const { mock } = t.mock.method(peer._socket, name);

        peer.pause();
        peer.resume();
        peer._socket.setNoDelay();
        if (name === 'end') client.close();
        else peer.terminate();
        await closeOf(peer);
        assert.ok(mock.callCount() > 0, name);
      }
    }
  });

  it('refuses an encoding as that of an HTTP server does', async (t) => {
    const { peer } = await openPair(t);

    assert.throws(() => peer._socket.setEncoding('utf8'), {
      code: 'ERR_HTTP_SOCKET_ENCODING'
    });
  });

  it('emits its end and close if somebody came to listen in time', async (t) => {
    const { client, peer } = await openPair(t);
    const events = [];

    for (const name of ['end', 'finish', 'close']) {
      peer._socket.on(name, () => events.push(name));
    }
    client.close();
    await closeOf(peer);
    assert.deepStrictEqual(events.sort(), ['close', 'end', 'finish']);
  });

  it('is destroyed when its connection is over, and knows no addresses', async (t) => {
    for (const end of ['close', 'terminate']) {
      const { client, peer } = await openPair(t);

      client[end]();
      await closeOf(peer);
      assert.ok(isLight(peer._socket));
      assert.strictEqual(peer._socket.destroyed, true);
      assert.strictEqual(peer._socket.readable, false);
      assert.strictEqual(peer._socket.remoteAddress, undefined);
      assert.deepStrictEqual(peer._socket.address(), {});
      assert.strictEqual(peer._socket.listenerCount('data'), 0);
      assert.ok(!isLight(peer._socket));
      assert.strictEqual(peer._socket.destroyed, true);
    }
  });

  it('refuses what is written behind its end as every socket does', async (t) => {
    const { peer, socket } = await openRawClient(t);
    const failed = once(peer, 'error');

    // An invalid opcode: the connection is closed from here, not yet from there.
    socket.pause();
    socket.write('\x87\x80\0\0\0\0', 'latin1');
    await failed;
    assert.ok(isLight(peer._socket));

    const [err] = await new Promise((resolve) => {
      peer._sender.sendFrame([Buffer.from('\x81\0', 'latin1')], (...args) =>
        resolve(args)
      );
    });

    assert.strictEqual(err.code, 'ERR_STREAM_WRITE_AFTER_END');
    await closeOf(peer);
  });

  it('is shown with all of its fields', async (t) => {
    const { peer } = await openPair(t);
    const { _socket: socket } = peer;
    const shown = inspect({ socket });

    assert.match(shown, /^\{\n {2}socket: (<ref \*1> )?Socket \{\n/);
    assert.match(shown, /_readableState: /);
    assert.ok(!isLight(socket));
  });

  it('stays light while messages come and go, and pings, and a close', async (t) => {
    const { client, peer } = await openPair(t);
    const pong = once(client, 'pong');
    const first = once(client, 'message');

    await new Promise((resolve) => peer.send('with a callback', resolve));
    await first;
    client.ping('p');
    await pong;
    peer.send(Buffer.alloc(100_000));
    assert.strictEqual((await once(client, 'message'))[0].length, 100_000);
    client.send('x'.repeat(200_000));
    assert.strictEqual((await once(peer, 'message'))[0].length, 200_000);
    client.send('frag', { fin: false });
    client.send('ment');
    assert.strictEqual(String((await once(peer, 'message'))[0]), 'fragment');
    peer.pause();
    peer.resume();
    const closed = Promise.all([client, peer].map(closeOf));

    peer.close(1000, 'bye');

    const [[code, reason]] = await closed;

    assert.strictEqual(code, 1000);
    assert.strictEqual(String(reason), 'bye');
    assert.ok(isLight(peer._socket));
  });
});

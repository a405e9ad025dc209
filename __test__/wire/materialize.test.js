'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');

const { turns } = require('../support/loop');
const { isAvailable } = require('../../lib/wire/promotion');
const { isLight } = require('../../lib/wire/materialize');
const { closeOf, openPair, openRawClient } = require('../support/pairs');
const { eventually } = require('../support/patience');
const { portOf, upgradeRequest } = require('../support/raw-http');
const { serve } = require('../support/servers');

const skip = isAvailable ? false : 'there is no native wire to accept with';

describe('A light socket that is touched', { skip }, () => {
  it('has the fields of a constructed one when it is touched', async (t) => {
    const fields = async (accept) => {
      const { peer } = await openPair(t, { server: { accept } });
      const { _socket: socket } = peer;

      void socket._events;

      return {
        allowHalfOpen: socket.allowHalfOpen,
        connecting: socket.connecting,
        highWaterMark: socket.writableHighWaterMark,
        listeners: socket.eventNames().map(String).sort(),
        parser: socket.parser,
        readyState: socket.readyState,
        server: socket.server instanceof http.Server,
        timeout: socket.timeout
      };
    };

    assert.deepStrictEqual(await fields('native'), await fields('node'));
  });

  it('is constructed itself where somebody inherits from it, or has a proxy', async (t) => {
    for (const view of [
      (socket) => Object.create(socket),
      (socket) => new Proxy(socket, {})
    ]) {
      const { client, peer } = await openPair(t);
      const { _socket: socket } = peer;
      let closes = 0;

      assert.strictEqual(view(socket).connecting, false);
      assert.ok(!isLight(socket));
      assert.strictEqual(socket.connecting, false);
      peer.on('close', () => closes++);
      client.terminate();
      await closeOf(peer);
      await new Promise(setImmediate);
      assert.strictEqual(closes, 1);
    }
  });

  for (const [title, end] of Object.entries({
    'destroy()': (ws) => ws._socket.destroy(),
    'destroy(error)': (ws) => ws._socket.destroy(new Error('Mine')),
    'end() and destroy()': (ws) => ws._socket.end() && ws._socket.destroy(),
    'terminate()': (ws) => ws.terminate()
  })) {
    it(`has the events of one of Node when it is first touched behind ${title}`, async (t) => {
      const logs = [];

      for (const accept of ['node', 'native']) {
        const log = [];
        const wss = serve(t, { accept });
        const { socket: client } = await exchangeWith(wss, (ws) => {
          const { _socket: socket } = ws;
          const state = () =>
            `${socket.readableFlowing} ${socket.timeout} ${socket.closed} ` +
            `${socket.writableEnded} ${socket.writableFinished}`;

          end(ws);
          for (const event of ['close', 'end', 'error', 'finish']) {
            socket.on(event, (x) => log.push(`${event} ${x} ${state()}`));
          }
          log.push(state());
          process.nextTick(() => log.push('tick'));
          setImmediate(() => log.push('immediate'));
          ws.on('close', () => log.push('WebSocket'));
        });

        client.destroy();
        await eventually(() => log.includes('WebSocket'));
        await turns();
        logs.push(log);
      }

      assert.deepStrictEqual(logs[1], logs[0]);
    });
  }

  it('does not close again when it is first touched after its end', async (t) => {
    for (const end of ['close', 'terminate']) {
      const { client, peer, wss } = await openPair(t);
      const events = [];

      client[end]();
      await closeOf(peer);
      for (const name of ['close', 'end', 'error', 'finish']) {
        peer._socket.on(name, () => events.push(name));
      }
      assert.ok(!isLight(peer._socket));
      await turns();
      assert.deepStrictEqual(events, []);
      assert.deepStrictEqual(
        [peer._socket.destroyed, peer._socket.closed, peer._socket._handle],
        [true, true, null]
      );
      assert.deepStrictEqual(
        [peer._socket.writableFinished, peer._socket.readableEnded],
        [true, true]
      );
      assert.deepStrictEqual(
        [peer._socket.readableFlowing, peer._socket.timeout],
        [true, 0]
      );
      assert.strictEqual(peer._socket._server, wss._server);
      assert.strictEqual(peer._socket.listenerCount('error'), 2);
      assert.ok(!Object.hasOwn(peer._socket, '_destroy'));
    }
  });

  it('has finished, failed and closed as one of Node would have by then', async (t) => {
    const emptyClose = Buffer.from('888000000000', 'hex');
    const ends = {
      // How it ends, and what to wait for before it is touched.
      'a reset': (peer, socket) => {
        socket.resetAndDestroy();
        return closeOf(peer);
      },
      'an error of the program': (peer) => {
        peer._socket.destroy(new Error('mine'));
        return closeOf(peer);
      },
      'an error that is yet to be told of': (peer) => {
        peer._socket.destroy(new Error('mine'));
      },
      'an end that is half': async (peer, socket) => {
        const [end] = await Promise.all([
          once(socket, 'end'),
          socket.write(emptyClose)
        ]);

        return end;
      },
      'an end that has just begun': (peer) => peer._socket.end(),
      'an end and a reset': async (peer, socket) => {
        peer._socket.end();
        await once(socket, 'end');
        socket.resetAndDestroy();
        return closeOf(peer);
      },
      'an end that is cut off': (peer) => {
        peer._socket.end();
        peer._socket.destroy();
        return closeOf(peer);
      },
      'both ends': async (peer, socket) => {
        socket.write(emptyClose);
        await once(socket, 'end');
        socket.end();
        return closeOf(peer);
      }
    };

    for (const [name, end] of Object.entries(ends)) {
      const logs = [];

      for (const accept of ['native', 'node']) {
        const { peer, socket } = await openRawClient(t, { accept });
        const events = [];

        socket.on('error', () => {});
        socket.allowHalfOpen = true;
        socket.resume();
        await end(peer, socket);

        const { _socket: touched } = peer;
        const { _readableState: readable, _writableState: writable } = touched;

        events.push(
          touched.errored && (touched.errored.code ?? touched.errored.message),
          [touched.writableFinished, touched.readableEnded],
          [touched.destroyed, touched.closed],
          [readable.errorEmitted, writable.errorEmitted],
          [readable.closeEmitted, writable.closeEmitted]
        );
        for (const event of ['error', 'finish']) {
          touched.on(event, () => events.push(event));
        }
        await turns();
        events.push(touched.writableFinished);
        logs.push(events);
      }

      assert.deepStrictEqual(logs[0], logs[1], name);
    }
  });

  it('closes when it is first touched just before', async (t) => {
    const { peer } = await openPair(t);

    peer.terminate();
    assert.ok(isLight(peer._socket));
    await once(peer._socket, 'close');
  });

  it('keeps the addresses that were asked for in time', async (t) => {
    const { client, peer } = await openPair(t);
    const { remotePort } = peer._socket;

    client.terminate();
    await closeOf(peer);
    assert.strictEqual(peer._socket.remotePort, remotePort);
    void peer._socket._events;
    assert.strictEqual(peer._socket.remotePort, remotePort);
  });

  it('stays paused when it is constructed', async (t) => {
    const { client, peer } = await openPair(t);
    const received = [];

    peer.on('message', (data) => received.push(String(data)));
    peer.pause();
    peer._socket.on('close', () => {});
    client.send('a');
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepStrictEqual(received, []);
    assert.ok(peer._socket.isPaused());
    peer.resume();
    await eventually(
      () => received.length > 0,
      () => 'nothing'
    );
    assert.deepStrictEqual(received, ['a']);
  });

  it('is constructed in the middle of a message, of which nothing is lost', async (t) => {
    const { peer, socket } = await openRawClient(t);
    const frame = Buffer.from('\x81\x85\0\0\0\0hello', 'latin1');

    for (let at = 1; at < frame.length; at++) {
      const message = once(peer, 'message');

      socket.write(frame.subarray(0, at));
      await new Promise(setImmediate);
      if (at === 4) peer._socket.on('close', () => {});
      if (at === 7) peer._socket.prependListener('data', () => {});
      socket.write(frame.subarray(at));
      assert.strictEqual(String((await message)[0]), 'hello');
    }
  });
});

/** Connects to a server whose 'connection' listener is given. */
async function exchangeWith(wss, onConnection) {
  const connected = once(wss, 'connection');

  wss.on('connection', onConnection);

  const socket = net.connect(await portOf(wss), '127.0.0.1');

  socket.on('error', () => {});
  socket.write(upgradeRequest());
  await connected;
  return { socket };
}

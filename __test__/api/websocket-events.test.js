'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const Receiver = require('../../lib/connection/receiver');
const WebSocket = require('../../lib/api/websocket');
const { EMPTY_BUFFER } = require('../../lib/constants');
const { hex, tick } = require('../support/events');
const {
  closeOf,
  collect,
  openDuplexPair,
  openPair,
  openRawClient,
  openRawServer,
  readBytes
} = require('../support/pairs');

/** More than the kernel takes while the peer does not read. */
const FLOOD = Buffer.alloc(32 << 20);

describe("The 'message' event", () => {
  it('has text and binary messages of every length class', async (t) => {
    const { client, peer } = await openPair(t);

    for (const size of [0, 1, 125, 126, 65535, 65536, 1 << 20]) {
      const data = Buffer.alloc(size, 'abcdefg');

      for (const [from, to] of [
        [client, peer],
        [peer, client]
      ]) {
        from.send(data);
        from.send(String(data));

        const events = await collect(to, 'message', 2);

        assert.deepStrictEqual(
          events.map(([, isBinary]) => isBinary),
          [true, false]
        );
        for (const [received] of events) assert.ok(received.equals(data));
      }
    }
  });

  it('is missed by nobody who listens in the tick of the connection', async (t) => {
    const { client, socket } = await openRawServer(t);

    socket.write(hex('81 01 61'));
    assert.deepStrictEqual(await once(client, 'message'), [
      Buffer.from('a'),
      false
    ]);
  });

  it('has the one empty buffer for empty messages', async (t) => {
    const { client, peer } = await openPair(t);

    peer.send('');
    peer.send(EMPTY_BUFFER);
    for (const [data] of await collect(client, 'message', 2)) {
      assert.strictEqual(data, EMPTY_BUFFER);
    }
  });
});

describe('A listener in the middle of a chunk', () => {
  const CHUNK = '82 01 61  82 01 62  82 01 63';

  it('may change the binary type for the next message', async (t) => {
    const { client, socket } = await openRawServer(t);
    const types = ['arraybuffer', 'fragments', 'nodebuffer'];
    const received = [];

    client.on('message', (data) => {
      received.push(data.constructor);
      client.binaryType = types.shift();
    });
    socket.end(hex(CHUNK));
    await closeOf(client);
    assert.deepStrictEqual(received, [Buffer, ArrayBuffer, Array]);
  });

  it('may pause: no more than what was read comes before resume()', async (t) => {
    const { client, socket } = await openRawServer(t);
    const messages = [];

    client.on('message', (data) => {
      messages.push(String(data));
      client.pause();
    });
    socket.write(hex('81 01 61'));
    await once(client, 'message');
    assert.strictEqual(client.isPaused, true);

    socket.write(hex('81 01 62'));
    for (let i = 0; i < 20; i++) await tick();
    assert.deepStrictEqual(messages, ['a']);

    client.resume();
    await once(client, 'message');
    assert.deepStrictEqual(messages, ['a', 'b']);
  });

  it('may send on other connections, also back and forth', async (t) => {
    const a = await openPair(t);
    const b = await openPair(t);
    const rounds = 50;

    // a's client -> a's peer -> b's peer -> b's client, and around.
    a.peer.on('message', (data) => b.peer.send(String(data)));
    b.client.on('message', (data) => a.client.send(String(Number(data) + 1)));
    a.client.send('0');

    const events = await collect(b.client, 'message', rounds);

    assert.deepStrictEqual(
      events.map(([data]) => Number(data)),
      Array.from({ length: rounds }, (_, i) => i)
    );
  });

  it('may feed another receiver within the call', async (t) => {
    const { client, socket } = await openRawServer(t);
    const receiver = new Receiver();
    const log = [];

    receiver.on('message', (data) => log.push(`inner ${data}`));
    client.on('message', (data) => {
      log.push(`outer ${data}`);
      receiver.write(hex('01 01 78  80 01 79'));
    });
    socket.end(hex('01 01 61  80 01 62  81 01 63'));
    await closeOf(client);
    assert.deepStrictEqual(log, [
      ...['outer ab', 'inner xy', 'outer c', 'inner xy']
    ]);
  });

  it('may close, which does not stop the messages in front', async (t) => {
    const { client, socket } = await openRawServer(t);
    const messages = [];

    client.on('message', (data) => {
      messages.push(String(data));
      client.close(1000);
    });
    socket.end(hex(`${CHUNK} 88 02 03 e8`));
    assert.strictEqual((await closeOf(client))[0], 1000);
    assert.deepStrictEqual(messages, ['a', 'b', 'c']);
  });
});

describe('allowSynchronousEvents', () => {
  /** The events of "a", "b", a ping: what each listener, then microtasks, do. */
  async function orderOf(t, allowSynchronousEvents) {
    const { client, socket } = await openRawServer(t, {
      allowSynchronousEvents
    });
    const log = [];

    async function listener(data) {
      log.push(String(data));
      await null;
      log.push(`${data} microtask`);
      await new Promise((resolve) => process.nextTick(resolve));
      log.push(`${data} tick`);
    }

    client.on('message', listener);
    client.on('ping', listener);
    socket.end(hex('81 01 61  82 01 62  89 01 63'));
    await closeOf(client);
    await tick();
    return log;
  }

  it('set to false lets microtasks drain between events', async (t) => {
    assert.deepStrictEqual(
      await orderOf(t, false),
      ['a', 'b', 'c'].flatMap((x) => [x, `${x} microtask`, `${x} tick`])
    );
  });

  it('is true by default: the events of a chunk follow each other', async (t) => {
    const log = await orderOf(t, undefined);

    assert.deepStrictEqual(log.slice(0, 3), ['a', 'b', 'c']);
    assert.strictEqual(log.length, 9);
  });
});

describe('Automatic pongs', () => {
  it('are sent before the ping is emitted', async (t) => {
    const { peer, socket } = await openRawClient(t);
    const answer = readBytes(socket, 6);

    peer.on('ping', () => peer.send('b'));
    socket.write(hex('89 81 00000000 61'));
    assert.deepStrictEqual(await answer, hex('8a 01 61  81 01 62'));
  });

  it('are masked by clients', async (t) => {
    const { socket } = await openRawServer(t, {
      generateMask: (mask) => mask.fill(1)
    });
    const answer = readBytes(socket, 7);

    socket.write(hex('89 01 61'));
    assert.deepStrictEqual(await answer, hex('8a 81 01010101 60'));
  });

  for (const side of ['client', 'server']) {
    it(`can be turned off at the ${side}`, async (t) => {
      const { client, peer } = await openPair(t, {
        [side]: { autoPong: false }
      });
      const [quiet, pinging] =
        side === 'client' ? [client, peer] : [peer, client];

      pinging.on('pong', () => assert.fail('A pong'));
      pinging.ping('a');
      assert.deepStrictEqual(await once(quiet, 'ping'), [Buffer.from('a')]);
      quiet.send('behind it');
      await once(pinging, 'message');
    });
  }

  it('go through ws.pong(), which can be overridden', async (t) => {
    const { client, peer } = await openPair(t);
    const calls = [];

    client.on('pong', () => assert.fail('A pong'));
    peer.pong = function (data, mask, cb) {
      calls.push([this === peer, String(data), mask, typeof cb]);
    };
    client.ping('a');
    await once(peer, 'ping');
    peer.send('behind it');
    await once(client, 'message');
    assert.deepStrictEqual(calls, [[true, 'a', false, 'function']]);
  });

  it('are not sent while closing', async (t) => {
    const { peer, socket } = await openRawClient(t);

    peer.close(1000);
    await readBytes(socket, 4);
    assert.strictEqual(peer.readyState, WebSocket.CLOSING);
    socket.on('data', (data) => assert.fail(`${Buffer.from(data, 'latin1')}`));
    socket.write(hex('89 80 00000000'));
    await once(peer, 'ping');
    socket.end(hex('88 80 00000000'));
    assert.strictEqual((await closeOf(peer))[0], 1005);
  });
});

describe('maxPendingAutoPongs', () => {
  /** Floods a peer that does not read, so that pongs stay pending. */
  async function flood(t, options, pings) {
    const { peer, socket } = await openRawClient(t, options);
    let count = 0;

    socket.pause();
    peer.on('ping', () => count++);
    peer.send(FLOOD);
    assert.ok(peer.bufferedAmount > 0, 'The kernel took the flood');
    socket.write(Buffer.alloc(6 * pings, hex('89 80 00000000')));
    return { count: () => count, peer, socket };
  }

  for (const [max, options] of [
    [60, {}],
    [3, { maxPendingAutoPongs: 3 }]
  ]) {
    it(`terminates the connection at ${max} pongs, still with the ping`, async (t) => {
      const { count, peer } = await flood(t, options, max + 1);

      assert.deepStrictEqual(await closeOf(peer), [1006, EMPTY_BUFFER]);
      assert.strictEqual(count(), max + 1);
    });

    it(`does not mind ${max} pongs`, async (t) => {
      const { count, peer, socket } = await flood(t, options, max);

      await collect(peer, 'ping', max);
      assert.strictEqual(count(), max);
      assert.strictEqual(peer.readyState, WebSocket.OPEN);

      // When the peer reads, they are pending no more.
      await readBytes(socket, FLOOD.length + 10 + 2 * max);
      socket.write(Buffer.alloc(6 * max, hex('89 80 00000000')));
      await readBytes(socket, 2 * max);
      assert.strictEqual(peer.readyState, WebSocket.OPEN);
    });
  }

  it('of 0 is no limit', async (t) => {
    const { peer } = await flood(t, { maxPendingAutoPongs: 0 }, 500);

    await collect(peer, 'ping', 500);
    assert.strictEqual(peer.readyState, WebSocket.OPEN);
  });
});

describe("The 'error' event", () => {
  it('comes once, whatever else goes wrong', async (t) => {
    const { client, socket } = await openRawServer(t);
    const errors = [];
    const blob = new Blob(['a']);

    blob.arrayBuffer = () => Promise.reject(new Error('Oops'));
    client.on('error', (err) => errors.push(err.code ?? err.message));
    client.send(blob);
    socket.end(hex('83 00  81 02 c328'));
    await closeOf(client);
    assert.strictEqual(errors.length, 1);
  });
});

describe('A connection over any duplex', () => {
  it('carries messages both ways and closes', async (t) => {
    const { client, peer } = openDuplexPair(t);
    const closed = Promise.all([closeOf(client), closeOf(peer)]);

    client.send('to the peer');
    assert.strictEqual(String((await once(peer, 'message'))[0]), 'to the peer');
    peer.send(Buffer.alloc(100_000, 'a'));
    assert.strictEqual((await once(client, 'message'))[0].length, 100_000);
    client.ping('p');
    assert.strictEqual(String((await once(client, 'pong'))[0]), 'p');
    client.close(1000, 'bye');
    for (const [code, reason] of await closed) {
      assert.strictEqual(code, 1000);
      assert.strictEqual(String(reason), 'bye');
    }
  });
});

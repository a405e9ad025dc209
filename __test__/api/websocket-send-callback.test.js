'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { closeOf, openPair } = require('../support/pairs');

describe('The callback of send()', () => {
  it('comes later, once, in order, and without an error', async (t) => {
    const { client } = await openPair(t);
    const calls = [];

    for (const data of [
      'a',
      Buffer.alloc(100_000),
      'b',
      Buffer.alloc(20_000)
    ]) {
      const number = calls.length;

      client.send(data, (...args) =>
        calls.push([number, args.length, args[0]])
      );
    }

    assert.deepStrictEqual(calls, []);
    await new Promise((resolve) => client.send('c', resolve));
    assert.strictEqual(calls.length, 4);
    for (const [, , err] of calls) assert.ok(err == null);
  });

  it('follows the order of sends, pings and pongs', async (t) => {
    const { client } = await openPair(t);
    const order = [];

    client.send('a', () => order.push('send'));
    client.ping(() => order.push('ping'));
    client.pong('x', () => order.push('pong'));
    client.ping('x', false, () => order.push('ping 2'));
    await new Promise((resolve) => client.send('b', {}, resolve));
    assert.deepStrictEqual(order, ['send', 'ping', 'pong', 'ping 2']);
  });

  it('gets an error, in order, if the socket is gone', async (t) => {
    const { client, peer } = await openPair(t);
    const outcomes = [];

    peer.pause();
    for (let i = 0; i < 8; i++) {
      client.send(Buffer.alloc(8 << 20), (err) => outcomes.push([i, err]));
    }
    assert.ok(client.bufferedAmount > 0);
    client.terminate();
    await closeOf(client);
    await new Promise((resolve) => setImmediate(resolve));

    assert.deepStrictEqual(
      outcomes.map(([i]) => i),
      [0, 1, 2, 3, 4, 5, 6, 7]
    );
    assert.ok(outcomes.at(-1)[1] instanceof Error);
  });

  it('that gets an error of compression gets it behind the others', async (t) => {
    const { client } = await openPair(t, {
      server: { perMessageDeflate: true }
    });
    const message = 'The socket was closed while data was being compressed';
    const outcomes = [];

    for (const data of ['a', 'b', 'c']) {
      client.send(data, (err) => outcomes.push([data, err.message]));
    }
    client.terminate();
    await closeOf(client);
    assert.deepStrictEqual(outcomes, [
      ['a', message],
      ['b', message],
      ['c', message]
    ]);
  });

  // With ws it comes with the end, as the other thread that compresses takes until then.
  for (const role of ['client', 'peer']) {
    for (const length of [100, 100_000]) {
      const what = `${length} bytes to compress`;

      it(`that gets an error of ${what} gets it with the end (${role})`, async (t) => {
        const perMessageDeflate = { threshold: 0 };
        const { [role]: ws } = await openPair(t, {
          client: { perMessageDeflate },
          server: { perMessageDeflate }
        });
        const seen = [];

        ws.on('close', () => seen.push('close'));
        ws.send(Buffer.alloc(length), () =>
          seen.push(`compressed ${ws.readyState}`)
        );
        ws.terminate();
        setImmediate(() => ws.send('late', () => seen.push('late')));
        await closeOf(ws);
        assert.deepStrictEqual(seen, ['late', 'compressed 2', 'close']);
      });
    }
  }

  it('that gets an error of compression gets it behind the end of the socket', async (t) => {
    const perMessageDeflate = { threshold: 0 };
    const order = ['late', 'socket', 'compressed', 'close'];

    // Another thread compresses: mostly it is done before the end, not always.
    for (let i = 0; i < 10; i++) {
      const { peer: ws } = await openPair(t, { server: { perMessageDeflate } });
      const seen = [];

      ws.on('close', () => seen.push('close'));
      ws._socket.on('close', () => seen.push('socket'));
      // Behind timers the loop asks what threads have done, before it closes handles.
      await new Promise((resolve) => setTimeout(resolve, 1));
      ws.send(Buffer.alloc(100_000), () => seen.push('compressed'));
      ws.terminate();
      ws.send('late', () => seen.push('late'));
      await closeOf(ws);
      assert.deepStrictEqual(seen, order);
    }
  });
});

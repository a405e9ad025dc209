'use strict';

const assert = require('node:assert');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { setImmediate: immediate } = require('node:timers/promises');
const zlib = require('node:zlib');

const native = require('../../lib/native');
const {
  BINARY,
  CONTINUATION,
  PING,
  TEXT,
  frame
} = require('../support/frames');
const { openRaw, warmUp } = require('../support/deflating-peer');
const { skipThreads: skip, openThreaded } = require('../support/threads');
const { until } = require('../support/loop');

const MASK = Buffer.from([1, 2, 3, 4]);
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/** Counts what the event loop has compressed or decompressed until a test ends. */
function countRuns(t) {
  const run = t.mock.method(native, 'codecRun');
  const away = t.mock.method(native, 'codecAway');

  return () => run.mock.callCount() + away.mock.callCount();
}

function text(number, length) {
  return `${number} `.padEnd(length, 'abcdefgh'.slice(number % 7));
}

describe('Messages of connections on I/O threads', { skip }, () => {
  for (const [what, perMessageDeflate] of [
    ['takeover', { threshold: 0 }],
    [
      'no takeover',
      {
        threshold: 0,
        clientNoContextTakeover: true,
        serverNoContextTakeover: true
      }
    ]
  ]) {
    it(`are compressed and inflated there: ${what}`, async (t) => {
      const { pairs } = await openThreaded(t, 3, { perMessageDeflate });
      const bytes = () =>
        pairs.reduce((sum, { peer }) => sum + peer._socket.bytesWritten, 0);

      for (const { client, peer } of pairs) {
        assert.strictEqual(peer.extensions.startsWith('permessage'), true);
        peer.on('message', (data) => peer.send(String(data)));
        client.send('first'.padEnd(2000));
        await once(client, 'message');
        await immediate();
      }

      const before = bytes();
      const runs = countRuns(t);
      const received = [];

      for (const [index, { client }] of pairs.entries()) {
        client.on('message', (data) => received.push([index, String(data)]));
      }
      // Those of clients are the event loop's: of each message one run to
      // compress, and one to inflate.
      for (let i = 0; i < 20; i++) {
        for (const { client } of pairs) client.send(text(i, 1100 + i));
      }

      await until(() => received.length === 60);
      assert.strictEqual(runs(), 2 * 60);
      for (const index of pairs.keys()) {
        assert.deepStrictEqual(
          received.filter(([of]) => of === index).map(([, data]) => data),
          Array.from({ length: 20 }, (_, i) => text(i, 1100 + i))
        );
      }
      await until(() => bytes() - before < 60 * 100);
    });
  }

  it('keep their order, whoever compresses them', async (t) => {
    const { pairs } = await openThreaded(t, 1, {
      perMessageDeflate: { threshold: 0 }
    });
    const [{ client, peer }] = pairs;
    const sizes = [10, 20_000, 30, 300_000, 0, 16_384, 16_385, 1, 70_000, 5];
    const got = { client: [], peer: [] };
    const called = [];

    client.on('message', (data) => got.client.push(String(data)));
    peer.on('message', (data) => got.peer.push(String(data)));

    for (let round = 0; round < 5; round++) {
      for (const [i, size] of sizes.entries()) {
        const number = round * sizes.length + i;
        const compress = number % 4 !== 3;

        for (const ws of [client, peer]) {
          const data = text(number, size);

          ws.send(data, { compress }, (err) => {
            assert.ifError(err);
            if (ws === peer) called.push(number);
          });
        }
        if (number % 8 === 5) {
          peer.send('frag', { fin: false });
          peer.send('ment');
          client.ping();
        }
        if (number % 3 === 0) await immediate();
      }
    }

    const expected = Array.from({ length: 50 }, (_, number) =>
      text(number, sizes[number % sizes.length])
    );

    await until(() => got.peer.length === 50 && got.client.length === 56);
    assert.deepStrictEqual(got.peer, expected);
    assert.deepStrictEqual(
      got.client.filter((data) => data !== 'fragment'),
      expected
    );
    await until(() => called.length === 50);
    assert.deepStrictEqual(called, [...called.keys()]);
  });

  it('may be of any kind between those that are inflated there', async (t) => {
    for (const takeover of [true, false]) {
      const { peer, ws } = await openRaw(t, {}, takeover);
      const events = [];

      ws.on('message', (data, isBinary) =>
        events.push([data.length, isBinary])
      );
      ws.on('ping', (data) => events.push(String(data)));
      await warmUp({ peer, ws });
      events.length = 0;

      const fragmented = await peer.deflate('in three fragments');
      const pieces = [
        await peer.compressed('a'.repeat(1000)),
        frame(BINARY, 'plain', { mask: MASK }),
        frame(TEXT, fragmented.subarray(0, 2), {
          fin: false,
          mask: MASK,
          rsv: 4
        }),
        frame(CONTINUATION, fragmented.subarray(2, 3), {
          fin: false,
          mask: MASK
        }),
        frame(PING, 'ping', { mask: MASK }),
        frame(CONTINUATION, fragmented.subarray(3), { mask: MASK }),
        await peer.compressed('b'.repeat(2000), BINARY),
        await peer.compressed('', BINARY),
        // Random bytes: longer than what a thread inflates.
        await peer.compressed(
          Buffer.from(Array.from({ length: 40_000 }, (_, i) => (i * i) >> 3)),
          BINARY
        ),
        await peer.compressed('c'.repeat(3000))
      ];
      const bytes = Buffer.concat(pieces);
      const expected = [
        [1000, false],
        [5, true],
        'ping',
        [18, false],
        [2000, true],
        [0, true],
        [40_000, true],
        [3000, false]
      ];

      for (const step of [bytes.length, 1000]) {
        if (step !== bytes.length && takeover) break;

        events.length = 0;
        for (let i = 0; i < bytes.length; i += step) {
          peer.socket.write(bytes.subarray(i, i + step));
          await immediate();
        }
        await until(() => events.length === expected.length);
        assert.deepStrictEqual(events, expected);
      }
      assert.strictEqual(ws._socket.bytesRead > bytes.length, true);
    }
  });

  it('may begin before the first of them is inflated', async (t) => {
    for (const cut of [1, 3, 5, 6, 8]) {
      const { peer, ws } = await openRaw(t);
      const first = await peer.compressed('first');
      const second = await peer.compressed('second');

      peer.socket.write(Buffer.concat([first, second.subarray(0, cut)]));
      await once(ws, 'message');
      await immediate();
      peer.socket.write(second.subarray(cut));

      const [data] = await once(ws, 'message');

      assert.strictEqual(data.toString(), 'second');
    }
  });

  it('have a macrotask each, as with ws', async (t) => {
    const { peer, ws } = await openRaw(t);

    await warmUp({ peer, ws });

    const runs = countRuns(t);
    const events = [];
    const frames = [];

    ws.on('message', (data) => {
      events.push(String(data));
      setImmediate(() => events.push('immediate'));
    });
    for (let i = 0; i < 5; i++) frames.push(await peer.compressed(`${i}`));
    peer.socket.write(Buffer.concat(frames));
    await until(() => events.length === 10);
    assert.deepStrictEqual(
      events,
      ['0', '1', '2', '3', '4'].flatMap((data) => [data, 'immediate'])
    );
    assert.strictEqual(runs(), 0);
  });

  it('count so, too, if they were read ahead of a program that then pauses', async (t) => {
    const { peer, ws, wss } = await openRaw(t);
    const events = [];

    await warmUp({ peer, ws });
    ws.on('message', (data) => events.push(data.length));

    const { bytesRead } = ws._socket;
    const { wireBytes } = wss.metrics().received;
    const frames = [];

    for (let i = 0; i < 20; i++) {
      frames.push(await peer.compressed('a'.repeat(10_000)));
    }

    const bytes = Buffer.concat(frames);

    peer.socket.write(bytes);
    for (const end = Date.now() + 100; Date.now() < end;);
    ws.pause();
    await until(() => ws.transport === 'stream');
    assert.deepStrictEqual(events, []);
    ws.resume();
    await until(() => events.length === 20);
    assert.strictEqual(ws._socket.bytesRead, bytesRead + bytes.length);
    assert.strictEqual(
      wss.metrics().received.wireBytes,
      wireBytes + bytes.length
    );
  });

  it('are told apart from those that a program makes the socket emit', async (t) => {
    const { peer, ws } = await openRaw(t);
    const events = [];
    const frames = [];

    for (const data of ['1', '2', '3', '4']) {
      frames.push(await peer.compressed(data));
    }
    ws.on('message', (data) => events.push(String(data)));
    assert.strictEqual(ws.transport, 'threads');

    const [emitted, ...written] = frames;

    // The thread reads the first of them before that, and others behind.
    peer.socket.write(written[0]);
    for (const end = Date.now() + 50; Date.now() < end;);
    ws._socket.emit('data', emitted);
    await immediate();
    for (const bytes of written.slice(1)) peer.socket.write(bytes);
    await until(() => events.length === 4);
    assert.deepStrictEqual(events, ['1', '2', '3', '4']);
  });

  it('count as what they were on the wire', async (t) => {
    const { peer, ws } = await openRaw(t);

    await warmUp({ peer, ws });

    const { bytesRead, bytesWritten } = ws._socket;
    const message = await peer.compressed('a'.repeat(10_000));
    const cuts = [message.subarray(0, 5), message.subarray(5)];

    const received = once(ws, 'message');

    for (const cut of cuts) {
      peer.socket.write(cut);
      await immediate();
    }
    await received;
    assert.strictEqual(ws._socket.bytesRead, bytesRead + message.length);

    peer.frames.length = 0;
    await new Promise((resolve) => ws.send('b'.repeat(10_000), resolve));
    await until(() => peer.frames.length === 1);

    const [{ payload, rsv }] = peer.frames;

    assert.strictEqual(rsv, 4);
    assert.strictEqual(
      ws._socket.bytesWritten,
      bytesWritten + 2 + payload.length
    );
    assert.strictEqual(
      String(
        zlib.inflateRawSync(Buffer.concat([payload, TAIL]), {
          finishFlush: zlib.constants.Z_SYNC_FLUSH
        })
      ),
      'b'.repeat(10_000)
    );
  });

  it('count so in the metrics, whoever asks first', async (t) => {
    const { pairs, wss } = await openThreaded(t, 1, {
      perMessageDeflate: true
    });
    const [{ client, peer }] = pairs;
    const { bytesRead } = client._socket;
    let received = 0;

    client.on('message', () => received++);
    for (let i = 1; i <= 20; i++) {
      // They become longer, and nothing that comes behind one says so.
      peer.send(randomBytes(3000));
      await until(() => received === i);
      // The thread may be about to say it.
      await until(
        () =>
          wss.metrics().sent.wireBytes === client._socket.bytesRead - bytesRead
      );
    }
  });

  it('go on if the connection goes back to its stream', async (t) => {
    const { pairs } = await openThreaded(t, 1, {
      perMessageDeflate: { threshold: 0 }
    });
    const [{ client, peer }] = pairs;
    const got = { client: [], peer: [] };

    client.on('message', (data) => got.client.push(String(data)));
    peer.on('message', (data) => got.peer.push(String(data)));

    for (let i = 0; i < 60; i++) {
      client.send(text(i, 500));
      peer.send(text(i, 500));
      if (i % 7 === 0) await immediate();
      if (i === 30) {
        peer._socket.on('data', () => {});
        assert.strictEqual(peer.transport, 'stream');
      }
    }

    const expected = Array.from({ length: 60 }, (_, i) => text(i, 500));

    await until(() => got.client.length === 60 && got.peer.length === 60);
    assert.deepStrictEqual(got.client, expected);
    assert.deepStrictEqual(got.peer, expected);
  });

  it('wait for a peer that does not read, and reach it then', async (t) => {
    const { peer, ws } = await openRaw(t);

    await warmUp({ peer, ws });
    peer.frames.length = 0;
    peer.socket.pause();

    const count = 1500;
    const noise = randomBytes(count * 8000);
    let called = 0;

    for (let i = 0; i < count; i++) {
      ws.send(noise.subarray(i * 8000, (i + 1) * 8000), (err) => {
        assert.ifError(err);
        called++;
      });
      if (i % 50 === 0) await immediate();
    }
    await until(() => ws.bufferedAmount > 0 && ws._socket.writableLength > 0);
    assert.ok(called < count);
    peer.socket.resume();
    await until(() => peer.frames.length === count && called === count);
    assert.strictEqual(ws.bufferedAmount, 0);

    const inflate = zlib.createInflateRaw();
    const chunks = [];
    let total = 0;

    inflate.on('data', (data) => (total += data.length) && chunks.push(data));
    for (const { payload } of peer.frames) {
      inflate.write(payload);
      inflate.write(TAIL);
    }
    await until(() => total === count * 8000);

    assert.ok(Buffer.concat(chunks).equals(noise));
  });
});

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');

const { WebSocket, WebSocketServer } = require('../..');
const { openLoopPair, skip, skipTouches, turns } = require('../support/loop');
const { closeOf } = require('../support/pairs');
const { connect, bytesOf, listen } = require('../support/peers');
const { eventually } = require('../support/patience');

/** More than the kernel takes on loopback. */
const LONG = 32_000_000;
/** What is not joined, but written from where it is. */
const LENT = 100_000;

/** Opens a pair whose client reads nothing, and which is on loop. */
async function openBlocked(t, options) {
  const { client, peer } = await openLoopPair(t, options);
  const received = [];
  const outcomes = [];

  client.on('error', () => {});
  client.on('message', (data) => received.push(data));
  client.pause();
  await turns();
  peer.send(Buffer.alloc(LONG), note('long'));
  assert.ok(peer.bufferedAmount > 0);

  function note(name) {
    return (err) => outcomes.push(err === null ? name : [name, err.code]);
  }

  return { client, note, outcomes, peer, received };
}

/** Takes the memory of bytes away from whoever holds a view of it. */
function detach(bytes) {
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  assert.strictEqual(bytes.length, 0);
}

const fresh = (length, value) => new Uint8Array(length).fill(value);

describe(
  'A payload that waits for room to be written',
  { skip: skipTouches },
  () => {
    it('fails alone if it is detached', async (t) => {
      const { client, note, outcomes, peer, received } = await openBlocked(t);
      const bytes = fresh(LENT, 1);
      const last = fresh(LENT, 3);

      peer.send('before', note('before'));
      peer.send(bytes, note('detached'));
      peer.send('behind', note('behind'));
      peer.send(last, note('last'));
      detach(bytes);
      client.resume();
      await eventually(
        () => received.length === 4 && outcomes.length === 5,
        () => `${received.length} ${outcomes}`
      );
      assert.deepStrictEqual(outcomes, [
        'long',
        'before',
        ['detached', 'WS_RS_DATA_DETACHED'],
        'behind',
        'last'
      ]);
      assert.deepStrictEqual(
        received.slice(1).map((data) => data.length),
        [6, 6, LENT]
      );
      assert.ok(received[3].every((byte) => byte === 3));
      assert.strictEqual(peer.readyState, WebSocket.OPEN);
    });

    it('fails alone if it is made shorter', async (t) => {
      const { client, note, outcomes, peer, received } = await openBlocked(t);
      const buffer = new ArrayBuffer(LENT, { maxByteLength: LENT });
      const bytes = new Uint8Array(buffer);

      peer.send(bytes, note('shrunk'));
      peer.send('behind', note('behind'));
      buffer.resize(10);
      client.resume();
      await eventually(
        () => received.length === 2 && outcomes.length === 3,
        () => `${received.length} ${outcomes}`
      );
      assert.deepStrictEqual(outcomes, [
        'long',
        ['shrunk', 'WS_RS_DATA_DETACHED'],
        'behind'
      ]);
    });

    it('may be made longer', async (t) => {
      const { client, note, outcomes, peer, received } = await openBlocked(t);
      const buffer = new ArrayBuffer(LENT, { maxByteLength: 2 * LENT });

      peer.send(new Uint8Array(buffer, 0, LENT), note('grown'));
      buffer.resize(2 * LENT);
      client.resume();
      await eventually(
        () => received.length === 2 && outcomes.length === 2,
        () => `${received.length} ${outcomes}`
      );
      assert.deepStrictEqual(outcomes, ['long', 'grown']);
      assert.strictEqual(received[1].length, LENT);
    });

    it('is sent as it is by then if it is overwritten', async (t) => {
      const { client, note, outcomes, peer, received } = await openBlocked(t);
      const bytes = fresh(LENT, 1);

      peer.send(bytes, note('overwritten'));
      bytes.fill(2);
      client.resume();
      await eventually(
        () => received.length === 2 && outcomes.length === 2,
        () => `${received.length} ${outcomes}`
      );
      assert.ok(received[1].every((byte) => byte === 2));
    });

    it('ends the connection if it is detached when some of it is written', async (t) => {
      const { client, peer } = await openLoopPair(t);
      const bytes = fresh(LONG, 1);
      const outcomes = [];
      const errors = [];
      const note = (err) => outcomes.push(err?.code ?? err);

      client.on('error', () => {});
      client.on('message', () => assert.fail('It is not complete'));
      peer.on('error', (err) => errors.push(err.code));
      client.pause();
      await turns();
      peer.send(bytes, note);
      assert.ok(peer.bufferedAmount > 0);
      peer.send('behind', note);
      detach(bytes);
      client.resume();

      const [[code], [clientCode]] = await Promise.all([
        closeOf(peer),
        closeOf(client)
      ]);

      assert.deepStrictEqual([code, clientCode], [1006, 1006]);
      assert.deepStrictEqual(outcomes, Array(2).fill('WS_RS_DATA_DETACHED'));
      assert.deepStrictEqual(errors, ['WS_RS_DATA_DETACHED']);
    });

    it('ends the connection as a fragment; what was written before is', async (t) => {
      const { client, peer } = await openLoopPair(t);
      const bytes = fresh(LENT, 1);
      const received = [];
      const outcomes = [];
      const note = (name) => (err) =>
        outcomes.push(err === null ? name : [name, err.code]);

      peer.on('error', () => {});
      client.on('error', () => {});
      client.on('message', (data) => received.push(data.length));
      client.pause();
      await turns();

      // No more than the kernel has room for when it tells of that.
      let count = 0;

      while (peer.bufferedAmount === 0) peer.send(fresh(LENT, ++count));

      peer.send('before', note('before'));
      peer.send(bytes, { fin: false }, note('fragment'));
      peer.send('behind', note('behind'));
      detach(bytes);
      client.resume();
      await closeOf(peer);
      await eventually(
        () => received.length === count + 1,
        () => received.join()
      );
      assert.deepStrictEqual(outcomes, [
        'before',
        ['fragment', 'WS_RS_DATA_DETACHED'],
        ['behind', 'WS_RS_DATA_DETACHED']
      ]);
    });

    it('is lost with its connection, and nothing else is', async (t) => {
      const first = await openBlocked(t);
      const second = await openBlocked(t);
      const bytes = fresh(LENT, 1);

      for (const { note, peer } of [first, second]) {
        peer.send(bytes, note('lent'));
        peer.send('behind', note('behind'));
      }
      first.peer.terminate();
      second.client.resume();
      await eventually(
        () => second.received.length === 3 && first.outcomes.length === 3,
        () => `${second.received.length} ${first.outcomes}`
      );
      assert.deepStrictEqual(
        first.outcomes.map(([name]) => name),
        ['long', 'lent', 'behind']
      );
      assert.deepStrictEqual(second.outcomes, ['long', 'lent', 'behind']);
    });

    it('is moved to the stream with the rest, each byte of it', async (t) => {
      const { client, note, outcomes, peer, received } = await openBlocked(t);
      const bytes = bytesOf(LENT);

      peer.send(bytes, note('lent'));
      peer.send('behind', note('behind'));
      peer._socket.on('data', () => {});
      assert.strictEqual(peer.transport, 'stream');
      bytes.fill(0);
      client.resume();
      await eventually(
        () => received.length === 3 && outcomes.length === 3,
        () => `${received.length} ${outcomes}`
      );
      assert.deepStrictEqual(outcomes, ['long', 'lent', 'behind']);
      assert.ok(received[1].equals(bytesOf(LENT)));
    });

    it('fails if it was detached before it is moved, and so does the rest', async (t) => {
      const { note, outcomes, peer } = await openBlocked(t);
      const bytes = fresh(LENT, 1);

      peer.on('error', () => {});
      peer.send(bytes, note('lent'));
      peer.send('behind', note('behind'));
      detach(bytes);
      peer._socket.on('data', () => {});

      const [code] = await closeOf(peer);

      assert.strictEqual(code, 1006);
      assert.strictEqual(outcomes.length, 3);
      assert.ok(outcomes.every((outcome) => Array.isArray(outcome)));
    });
  }
);

describe('Many connections whose peers read nothing', { skip }, () => {
  it('get all that they were sent as soon as they do', async (t) => {
    const COUNT = 50;
    const wss = await listen(t, WebSocketServer);
    const pairs = [];
    const payload = bytesOf(LENT);
    let called = 0;

    for (let i = 0; i < COUNT; i++) {
      const [peer, client] = await connect(wss, WebSocket);
      const received = [];

      t.after(() => client.terminate());
      client.on('message', (data) => received.push(data));
      pairs.push({ client, peer, received });
    }
    await turns();
    for (const { client } of pairs) client.pause();
    await turns();
    for (let round = 0; round < 100; round++) {
      for (const { peer } of pairs) {
        peer.send(payload, () => called++);
        peer.send(`${round}`, () => called++);
      }
    }
    assert.ok(pairs.every(({ peer }) => peer.bufferedAmount > 0));
    for (const { client } of pairs) client.resume();
    await eventually(
      () => called === COUNT * 200,
      () => `${called} of ${COUNT * 200} callbacks`
    );
    await eventually(
      () => pairs.every(({ received }) => received.length === 200),
      () => pairs.map(({ received }) => received.length).join()
    );
    for (const { peer, received } of pairs) {
      assert.strictEqual(peer.bufferedAmount, 0);
      received.forEach((data, i) => {
        if (i % 2 === 0) assert.ok(payload.equals(data));
        else assert.strictEqual(String(data), `${(i - 1) / 2}`);
      });
    }
  });
});

describe('A connection over a Unix socket', { skip }, () => {
  it('gets each byte though it is slow, and callbacks in order', async (t) => {
    const file = path.join(os.tmpdir(), `ws-rs-${process.pid}.sock`);
    const server = http.createServer().listen(file);
    const wss = new WebSocketServer({ server });

    t.after(() => {
      for (const ws of wss.clients) ws.terminate();
      server.close();
      fs.rmSync(file, { force: true });
    });
    await once(server, 'listening');

    const client = new WebSocket(`ws+unix:${file}:/`);
    const [peer] = await once(wss, 'connection');
    const payload = bytesOf(3_000_000);
    const received = [];
    const outcomes = [];

    t.after(() => client.terminate());
    if (client.readyState !== WebSocket.OPEN) await once(client, 'open');
    await turns();
    assert.strictEqual(peer.transport, 'loop');
    client.on('message', (data) => received.push(data));
    client.pause();
    await turns();
    for (let i = 0; i < 5; i++) {
      peer.send(payload, (err) => outcomes.push([i, err]));
      peer.send(`${i}`, (err) => outcomes.push([i, err]));
    }
    assert.ok(peer.bufferedAmount > 0);
    client.resume();
    await eventually(
      () => received.length === 10 && outcomes.length === 10,
      () => `${received.length} ${outcomes.length}`
    );
    assert.deepStrictEqual(
      outcomes,
      Array.from({ length: 10 }, (_, i) => [i >> 1, null])
    );
    received.forEach((data, i) => {
      if (i % 2 === 0) assert.ok(payload.equals(data));
      else assert.strictEqual(String(data), `${i >> 1}`);
    });
  });
});

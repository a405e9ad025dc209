'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const BackPressure = require('../../lib/connection/back-pressure');
const { turns, until } = require('../support/loop');
const { openPair, openRawClient, openTlsPair } = require('../support/pairs');
const { bytesOf, inbox } = require('../support/peers');
const WebSocket = require('../../index');

const MARK = 100_000;
const MESSAGE = bytesOf(40_000);

/** The ends of a connection whose client reads nothing until it is resumed. */
const OPEN = {
  async tcp(t, server) {
    const { peer, socket, wss } = await openRawClient(t, server);

    socket.pause();
    return { reader: socket, wss, ws: peer };
  },
  async tls(t, server) {
    const { client, peer, wss } = await openTlsPair(t, { server });

    client.pause();
    return { reader: client, wss, ws: peer };
  },
  async deflate(t, server) {
    const { client, peer, wss } = await openPair(t, {
      server: { perMessageDeflate: true, ...server }
    });

    client.pause();
    return { reader: client, wss, ws: peer };
  }
};

/** Sends until more than the mark would wait. */
async function fill(ws, send = (data) => ws.send(data)) {
  while (ws.bufferedAmount + MESSAGE.length <= MARK) {
    send(MESSAGE);
    if (ws.bufferedAmount === 0) await new Promise(setImmediate);
  }
}

function sendResult(ws, data) {
  return new Promise((resolve) => ws.send(data, resolve));
}

for (const [wire, open] of Object.entries(OPEN)) {
  describe(`A peer that does not read, over ${wire},`, () => {
    it('gets no more than may wait if the rest is dropped', async (t) => {
      const { reader, ws, wss } = await open(t, {
        maxBackpressure: MARK,
        onBackpressure: 'drop'
      });

      await fill(ws);

      const before = ws.bufferedAmount;
      const err = await sendResult(ws, MESSAGE);

      assert.strictEqual(err.code, 'WS_RS_DROPPED');
      assert.match(err.message, /dropped: \d+ bytes wait/);
      assert.strictEqual(wss.broadcast(MESSAGE), 0);
      ws.send(MESSAGE);
      assert.ok(ws.bufferedAmount <= before);
      assert.strictEqual(ws.readyState, WebSocket.OPEN);

      const drained = once(ws, 'drain');

      reader.resume();
      await drained;
      assert.strictEqual(ws.bufferedAmount, 0);
      assert.strictEqual(wss.broadcast(MESSAGE), 1);
    });

    it('is closed with 1013 by default, and then terminated', async (t) => {
      const { ws } = await open(t, {
        closeTimeout: 20,
        maxBackpressure: MARK
      });
      const closed = once(ws, 'close');

      await fill(ws);
      assert.strictEqual((await sendResult(ws, MESSAGE)).code, 'WS_RS_DROPPED');
      assert.strictEqual(ws.readyState, WebSocket.CLOSING);
      assert.strictEqual((await closed)[0], 1006);
    });

    it('gets all that a function lets wait, and the program a drain', async (t) => {
      const asked = [];
      const { reader, ws, wss } = await open(t, {
        maxBackpressure: MARK,
        onBackpressure(...args) {
          asked.push(args);
          return 'queue';
        }
      });
      let drains = 0;

      ws.on('drain', () => drains++);
      await fill(ws);
      assert.strictEqual(asked.length, 0);

      const waiting = ws.bufferedAmount;

      assert.strictEqual(wss.broadcast(MESSAGE), 1);
      ws.send(MESSAGE);
      assert.strictEqual(asked.length, 2);
      assert.deepStrictEqual(asked[0], [ws, waiting]);
      reader.resume();
      await until(() => drains > 0);
      assert.strictEqual(ws.bufferedAmount, 0);
      assert.strictEqual(drains, 1);
    });
  });
}

describe('Back pressure', () => {
  it('lets a single message be longer than what may wait', async (t) => {
    const { reader, ws } = await OPEN.tcp(t, { maxBackpressure: 10 });
    const drained = once(ws, 'drain');
    const written = sendResult(ws, Buffer.alloc(16 * 2 ** 20));

    assert.ok(ws.bufferedAmount > 10);
    reader.resume();
    await drained;
    assert.ifError(await written);
  });

  it('leaves no fragmented message without its end', async (t) => {
    const { ws } = await OPEN.tcp(t, {
      maxBackpressure: MARK,
      onBackpressure: 'drop'
    });

    ws.send('begin', { fin: false });
    await fill(ws, (data) => ws.send(data, { fin: false }));

    const before = ws.bufferedAmount;

    ws.send(MESSAGE, { fin: true });
    assert.ok(ws.bufferedAmount > before);
  });

  it('emits a drain behind the send() that leaves nothing to wait, not within it', async (t) => {
    const { client, peer, wss } = await openPair(t, {
      server: { maxBackpressure: 10, onBackpressure: 'drop' }
    });
    const take = inbox(client);
    const order = [];

    peer.on('drain', () => {
      order.push('drain');
      peer.send('behind');
    });
    peer.send('a', { fin: false });
    // It waits for the end of the message, and the next one would be too much.
    assert.strictEqual(wss.broadcast('12345678'), 1);
    assert.strictEqual(wss.broadcast('12345678'), 0);
    await turns();
    peer.send('b', { fin: true });
    peer.send('c');
    order.push('sent');
    assert.deepStrictEqual(await take(4), ['ab', '12345678', 'c', 'behind']);
    assert.deepStrictEqual(order, ['sent', 'drain']);
  });

  it('emits no drain where nothing was over the mark', async (t) => {
    const { client, peer } = await openPair(t, {
      server: { maxBackpressure: MARK }
    });

    peer.on('drain', () => assert.fail('there was nothing'));
    await sendResult(peer, 'a');
    client.send('b');
    await once(peer, 'message');
  });

  it('has what its function throws come out of send() and broadcast()', async (t) => {
    const { reader, ws, wss } = await OPEN.tcp(t, {
      maxBackpressure: MARK,
      onBackpressure(one) {
        throw new Error(`as a program does, of ${one === ws}`);
      }
    });
    const other = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);

    t.after(() => other.terminate());
    await once(other, 'open');
    await fill(ws);

    const received = once(other, 'message');

    assert.throws(() => ws.send(MESSAGE), /as a program does, of true/);
    assert.throws(() => wss.broadcast(MESSAGE), /as a program does, of true/);
    assert.deepStrictEqual((await received)[0], MESSAGE);
    assert.strictEqual(ws.readyState, WebSocket.OPEN);
    reader.resume();
  });

  /** A connection over its mark, whose function ends it. */
  async function openEnding(t, how) {
    const { ws, wss } = await OPEN.tcp(t, {
      maxBackpressure: MARK,
      onBackpressure(one) {
        one[how]();
        return 'queue';
      }
    });

    await fill(ws);
    return { before: wss.metrics().sent.messages, ws, wss };
  }

  for (const how of ['close', 'terminate']) {
    it(`sends nothing behind a ${how}() in its function, whatever that returns`, async (t) => {
      const { before, ws, wss } = await openEnding(t, how);

      assert.match((await sendResult(ws, MESSAGE)).message, /is not open/);
      assert.strictEqual(wss.metrics().sent.messages, before);
    });

    it(`counts nobody whom its function has ended by ${how}()`, async (t) => {
      const { before, wss } = await openEnding(t, how);

      assert.strictEqual(wss.broadcast(MESSAGE), 0);
      assert.strictEqual(wss.metrics().sent.messages, before);
    });
  }

  it('refuses options that are of no use', () => {
    for (const maxBackpressure of [0, -1, NaN]) {
      assert.throws(() => BackPressure.check({ maxBackpressure }), RangeError);
    }
    // What an environment variable says is a string.
    for (const maxBackpressure of ['much', '5000', {}, true]) {
      assert.throws(() => BackPressure.check({ maxBackpressure }), {
        message: /"maxBackpressure" is a number of bytes, not /,
        name: 'TypeError'
      });
    }
    for (const onBackpressure of ['wait', 1, {}, 'queue']) {
      assert.throws(
        () => BackPressure.check({ maxBackpressure: 1, onBackpressure }),
        { name: 'TypeError', message: /"close", "drop" or a function/ }
      );
    }
    assert.throws(
      () => BackPressure.check({ maxBackpressure: 1, onBackpressure: 'wait' }),
      /, not "wait"$/
    );
    assert.throws(
      () => new WebSocket.Server({ port: 0, onBackpressure: 'drop' }),
      /needs the option "maxBackpressure"/
    );
    BackPressure.check({});
    BackPressure.check({ maxBackpressure: null, onBackpressure: null });
  });

  it('says what a function has to return', async (t) => {
    const { reader, ws } = await OPEN.tcp(t, {
      maxBackpressure: MARK,
      onBackpressure: () => 'wait'
    });

    await fill(ws);
    assert.throws(() => ws.send(MESSAGE), /returns "close", "drop" or "queue"/);
    reader.resume();
  });
});

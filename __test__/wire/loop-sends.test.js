'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { start } = require('../support/conversation');
const { frame, TEXT } = require('../support/frames');
const { openOnLoop, skipTouches, turns, until } = require('../support/loop');
const { closeOf, openPair, openTlsPair } = require('../support/pairs');

const skip = skipTouches;

const nothing = () => {};

/** Opens a connection whose messages are turns of the loop, to send in. */
async function openTrigger(t) {
  const conversation = await openOnLoop(await start(t, 'server'));

  return {
    ws: conversation.ws,
    /** Runs `act` in the listener of a message, and what it leads to. */
    inTurn(act) {
      return new Promise((resolve, reject) => {
        conversation.ws.once('message', () => {
          try {
            assert.strictEqual(conversation.ws.transport, 'loop');
            act();
            setImmediate(resolve);
          } catch (err) {
            reject(err);
          }
        });
        conversation.send(TEXT, 'go');
      });
    },
    frames: conversation.frames
  };
}

/** Connections that may be sent to, by how their bytes are written. */
const TARGETS = {
  'another connection on loop': async (t) => {
    const pair = await openPair(t);

    await turns();
    assert.strictEqual(pair.peer.transport, 'loop');
    return pair;
  },
  'one on stream': async (t) => {
    const pair = await openPair(t);

    pair.peer._socket.on('data', nothing);
    await turns();
    assert.strictEqual(pair.peer.transport, 'stream');
    return pair;
  },
  'one over TLS': openTlsPair
};

function texts(ws) {
  const list = [];

  ws.on('message', (data) => list.push(String(data)));
  return list;
}

describe('What is sent in a turn of the loop', { skip }, () => {
  it('goes out to the connection that the turn is of', async (t) => {
    const { frames, inTurn, ws } = await openTrigger(t);

    await inTurn(() => {
      ws.send('a');
      ws._socket.write(frame(TEXT, 'b'));
      ws.send('c');
      ws._socket.cork();
      ws.send('d');
      ws._socket.write(frame(TEXT, 'e'));
      ws._socket.uncork();
      ws.send('f');
      ws.ping('g');
    });
    await until(() => frames.length === 7);
    await inTurn(() => {
      ws.send('h');
      ws._socket.end(frame(TEXT, 'i'));
    });
    await until(() => frames.length === 9);
    assert.deepStrictEqual(frames, [
      'text 61',
      'text 62',
      'text 63',
      'text 64',
      'text 65',
      'text 66',
      'ping 67',
      'text 68',
      'text 69'
    ]);
  });

  for (const [what, open] of Object.entries(TARGETS)) {
    it(`goes out to ${what}, raw writes and the end between`, async (t) => {
      const { inTurn } = await openTrigger(t);
      const { client, peer } = await open(t);
      const got = texts(client);
      const over = closeOf(client);

      await inTurn(() => {
        peer.send('1');
        peer._socket.write(frame(TEXT, '2'));
        peer.send('3');
        peer.send('4');
        peer._socket.write(frame(TEXT, '5'));
        peer.send('6');
      });
      await until(() => got.length === 6);
      await inTurn(() => {
        peer.send('7');
        peer.send('x'.repeat(20_000));
        peer.send('8');
        peer._socket.end();
      });
      assert.strictEqual((await over)[0], 1006);
      assert.deepStrictEqual(got, [...'1234567', 'x'.repeat(20_000), '8']);
    });
  }

  it('by ticks and promises too, in the order of the program', async (t) => {
    const { frames, inTurn, ws } = await openTrigger(t);
    const { client, peer } = await TARGETS['another connection on loop'](t);
    const got = texts(client);
    const sent = [];
    const send = (text) => {
      sent.push(text);
      ws.send(text);
      peer.send(text);
    };

    await inTurn(() => {
      send('now');
      process.nextTick(() => {
        send('tick');
        Promise.resolve().then(() => send('promise in a tick'));
        process.nextTick(send, 'tick in a tick');
      });
      Promise.resolve().then(() => {
        send('promise');
        process.nextTick(send, 'tick in a promise');
      });
      queueMicrotask(() => send('microtask'));
      (async () => {
        for (let i = 0; i < 3; i++) {
          await null;
          send(`await ${i}`);
        }
      })();
      send('last');
    });
    await until(() => got.length === 11 && frames.length === 11);
    assert.strictEqual(sent.length, 11);
    assert.deepStrictEqual(got, sent);
    assert.deepStrictEqual(
      frames,
      sent.map((text) => `text ${Buffer.from(text).toString('hex')}`)
    );
  });

  it('before the listener throws goes out', async (t) => {
    const { frames, inTurn, ws } = await openTrigger(t);
    const { client, peer } = await TARGETS['another connection on loop'](t);
    const got = texts(client);
    const error = new Error('Oops');
    const thrown = [];
    let called = 0;

    process.setUncaughtExceptionCaptureCallback((err) => thrown.push(err));
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    for (let i = 1; i <= 3; i++) {
      ws.once('message', () => {
        ws.send('a');
        peer.send('b');
        peer.send('c', () => called++);
        throw error;
      });
      // The second listener is not called.
      inTurn(() => assert.fail('the first one throws')).catch(nothing);
      await until(() => got.length === 2 * i && frames.length === i);
      ws.removeAllListeners('message');
    }
    assert.deepStrictEqual(thrown, [error, error, error]);
    assert.deepStrictEqual(got, ['b', 'c', 'b', 'c', 'b', 'c']);
    await until(() => called === 3);
  });
});

describe('A peer that does not read what turns send it', { skip }, () => {
  for (const [what, withCallbacks] of [
    ['no callbacks', false],
    ['callbacks, each called once', true]
  ]) {
    it(`gets all of it in the end: ${what}`, async (t) => {
      const { inTurn } = await openTrigger(t);
      const conversation = await openOnLoop(await start(t, 'server'));
      const { socket, ws } = conversation;
      const payload = Buffer.alloc(8000, 'x');
      const called = [];
      let count = 0;

      socket.pause();
      // 8,000 bytes a turn, which the native side writes, until it cannot.
      while (ws.bufferedAmount === 0) {
        const number = count++;

        payload.write(`${number}`.padStart(6, '0'));
        await inTurn(() => {
          if (withCallbacks) ws.send(payload, () => called.push(number));
          else ws.send(payload);
        });
        assert.ok(count < 5000, `nothing is left after ${count} turns`);
      }

      // Less than a message, as the kernel took the rest.
      assert.ok(ws.bufferedAmount <= 8004, `${ws.bufferedAmount} bytes`);

      const before = ws.bufferedAmount;

      payload.write(`${count++}`.padStart(6, '0'));
      await inTurn(() => {
        if (withCallbacks) ws.send(payload, () => called.push(count - 1));
        else ws.send(payload);
      });
      assert.strictEqual(ws.bufferedAmount, before + 8004);
      if (withCallbacks) assert.strictEqual(called.length, count - 2);

      socket.resume();
      await conversation.received(count);
      await until(() => ws.bufferedAmount === 0);
      assert.deepStrictEqual(
        conversation.rawFrames.map(({ payload }) =>
          payload.toString('latin1', 0, 7)
        ),
        Array.from({ length: count }, (_, i) => `${`${i}`.padStart(6, '0')}x`)
      );
      await until(() => called.length >= (withCallbacks ? count : 0));
      assert.deepStrictEqual(
        called,
        withCallbacks ? Array.from({ length: count }, (_, i) => i) : []
      );

      // And it is written directly again.
      await inTurn(() => ws.send('behind'));
      await conversation.received(count + 1);
      assert.strictEqual(ws.transport, 'loop');
    });
  }
});

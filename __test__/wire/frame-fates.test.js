'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { skipTouches, turns } = require('../support/loop');
const { open } = require('../support/noted');
const { frame, TEXT } = require('../support/frames');
const { closeOf, openDuplexPair, openPair } = require('../support/pairs');
const { eventually } = require('../support/patience');

/** More than the kernel takes on loopback. */
const LONG = 32_000_000;

/** Notes errors that nobody catches, until the end of the test. */
function catchAll(t) {
  const thrown = [];

  process.setUncaughtExceptionCaptureCallback((err) =>
    thrown.push(err.message)
  );
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  return thrown;
}

function fail(message) {
  throw new Error(message);
}

const textsOf = (count, prefix) =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

for (const [name, openSockets] of Object.entries({
  'a TCP socket': openPair,
  'a mere duplex': openDuplexPair
})) {
  describe(`A callback of a frame on ${name}`, () => {
    it('may send, time and again', async (t) => {
      const { note, outcomes, peer, received } = await open(t, openSockets);
      let count = 0;

      (function send(err) {
        outcomes.push(err ?? null);
        if (count === 10) return;
        peer.send(`a${count}`, send);
        peer.send(`b${count++}`);
      })();
      await eventually(
        () => received.length === 20,
        () => received.join()
      );
      peer.send('last', note('last'));
      await eventually(
        () => outcomes.at(-1) === 'last',
        () => outcomes.join()
      );
      assert.deepStrictEqual(
        received.slice(0, 20),
        textsOf(10, 'a').flatMap((text, i) => [text, `b${i}`])
      );
      assert.deepStrictEqual(outcomes, [...Array(11).fill(null), 'last']);
    });

    it('may terminate the connection; those behind it are called', async (t) => {
      const { client, note, outcomes, peer } = await open(t, openSockets);
      const over = closeOf(client);

      peer.send('1', (err) => {
        note('1')(err);
        peer.terminate();
      });
      peer.send('2', note('2'));
      peer.send('3', note('3'));
      await over;
      await eventually(
        () => outcomes.length === 3,
        () => outcomes.join()
      );
      assert.strictEqual(outcomes[0], '1');
      assert.deepStrictEqual(
        outcomes.map((outcome) => outcome[0]),
        ['1', '2', '3']
      );
    });

    it('is not called within send(), nor within what ends the socket', async (t) => {
      const { client, outcomes, peer } = await open(t, openSockets);
      let inside = null;
      const note = (name) => () => outcomes.push([name, inside]);
      const within = (name, work) => {
        inside = name;
        work();
        inside = null;
      };

      for (let i = 0; i < 3; i++) {
        within('send()', () => {
          peer.send(`${i}`, note(i));
          peer.send(Buffer.alloc(5000), note(i));
        });
        // What is called later than in the next tick is so from now on.
        await null;
        within('send()', () => peer.send(Buffer.alloc(5000), note(i)));
        process.nextTick(within, 'send()', () => peer.send('', note(i)));
        await null;
        within('write()', () => peer._socket.write(frame(TEXT, 'x')));
        within('send()', () => peer.send(Buffer.alloc(20_000), note(i)));
        await turns(1);
      }
      peer.send('last', note('last'));
      within('terminate()', () => peer.terminate());
      await closeOf(client);
      await eventually(
        () => outcomes.length === 16,
        () => outcomes.join()
      );
      assert.deepStrictEqual(
        outcomes.filter(([, where]) => where !== null),
        []
      );
    });
  });
}

describe('A callback or listener that throws', { skip: skipTouches }, () => {
  it('keeps nobody from being called and written to', async (t) => {
    const thrown = catchAll(t);
    const all = [];

    for (let i = 0; i < 5; i++) all.push(await open(t));
    for (const [i, { client, note, peer }] of all.entries()) {
      client.pause();
      await turns();
      peer._socket.on('drain', () => {
        note('drain')();
        if (i === 1) fail('in a listener');
      });
      peer.send(Buffer.alloc(LONG), (err) => {
        note('long')(err);
        if (i === 2) fail('in a callback');
      });
      peer.send('behind', note('behind'));
    }
    for (const { client } of all) client.resume();
    await eventually(
      () => all.every(({ outcomes }) => outcomes.length === 3),
      () => JSON.stringify(all.map(({ outcomes }) => outcomes))
    );
    for (const { note, peer } of all) peer.send('more', note('more'));
    await eventually(
      () => all.every(({ received }) => received.length === 3),
      () => JSON.stringify(all.map(({ received }) => received))
    );
    for (const { outcomes, received } of all) {
      assert.deepStrictEqual(outcomes, ['drain', 'long', 'behind', 'more']);
      assert.deepStrictEqual(received, [LONG, 'behind', 'more']);
    }
    assert.deepStrictEqual(thrown.sort(), ['in a callback', 'in a listener']);
  });

  it('has a connection end all the same that failed', async (t) => {
    const thrown = catchAll(t);
    const { client, note, outcomes, peer } = await open(t);
    const over = closeOf(peer);
    const bytes = new Uint8Array(LONG);

    client.on('error', () => {});
    peer.on('error', () => {});
    client.pause();
    await turns();
    peer.send(bytes, (err) => {
      note('torn')(err);
      fail('Oops');
    });
    peer.send('behind', note('behind'));
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    client.resume();
    assert.strictEqual((await over)[0], 1006);
    await eventually(
      () => outcomes.length === 2,
      () => outcomes.join()
    );
    assert.deepStrictEqual(thrown, ['Oops']);
  });
});

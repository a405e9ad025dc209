'use strict';

// When a frame leaves: the first one of a tick before send() returns, so that it arrives whatever
// the program does next, and all of them before a process exits.

const assert = require('node:assert');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { openRaw, ROLES, turns, until } = require('../support/ends');
const { isOurs, Peer } = require('../support/implementation');
const { FrameReader, frame, MASK } = require('../support/frames');

const PROGRAM = require.resolve('../support/timing-program');

/**
 * Has a process of its own send, and do something else right behind it.
 *
 * @param {TestContext} t The test
 * @param {Object} how What timing-program.js is told
 * @return {Promise<Object>} What arrived: `[text, milliseconds after it was sent]` each, and the
 *     `code` and `signal` that the process ended with, if it did
 */
async function observe(t, how) {
  const child = fork(PROGRAM, [JSON.stringify(how)]);
  const got = [];
  let times = null;

  t.after(() => child.kill('SIGKILL'));

  const ended = once(child, 'exit');
  const [url] = await once(child, 'message');
  const peer = new Peer(url, {
    perMessageDeflate: how.deflate ?? false,
    rejectUnauthorized: false
  });

  child.on('message', (message) => (times = message));
  peer.on('error', () => {});
  peer.on('message', (data) => got.push([`${data}`.slice(0, 9), Date.now()]));
  await once(peer, 'open');
  await turns(5);
  if (how.from === 'request') requestTo(url);
  else peer.send('go');
  await Promise.race([once(peer, 'close'), until(() => times !== null)]);
  if (times === null) {
    const [code, signal] = await ended;

    return { code, got: got.map(([text]) => text), signal };
  }

  await until(() => got.length >= times.length);
  return {
    got: got.map(([text]) => text),
    late: got.map(([, at], i) => at - times[i])
  };
}

function requestTo(url) {
  const { get } = require(url.startsWith('wss') ? 'node:https' : 'node:http');

  get(url.replace('ws', 'http'), { rejectUnauthorized: false }, (response) => {
    response.resume();
  }).on('error', () => {});
}

const origins = ['message', 'timer', 'request', 'microtask', 'nextTick'];
const soon = 150; // ms
const ATTEMPTS = 5;

/**
 * As `observe()`, until all that is asked for came soon: what is held back is so
 * each time, but a busy machine holds up anything now and then.
 */
async function observeSoon(t, how, asked = () => true) {
  for (let i = 1; ; i++) {
    const seen = await observe(t, how);
    const late = seen.late.filter((ms, i) => asked(i) && !(ms < soon));

    if (late.length === 0) return seen;
    assert.ok(i < ATTEMPTS, `${late} ms`);
  }
}

describe('half a second of work behind a send', () => {
  for (const from of origins) {
    for (const wire of ['tcp', 'tls']) {
      it(`does not delay it (from a ${from}, ${wire})`, async (t) => {
        const how = { from, sends: ['starting'], then: 'work', wire };
        const { got } = await observeSoon(t, how);

        assert.deepStrictEqual(got, ['starting']);
      });
    }
  }

  for (const size of [10, 20000, 100000]) {
    it(`does not delay it: ${size} bytes`, async (t) => {
      const how = { from: 'message', sends: [size], then: 'work', wire: 'tcp' };

      await observeSoon(t, how);
    });
  }

  for (const from of origins) {
    it(`does not delay it, though it is not the tick's first (from a ${from})`, async (t) => {
      const how = { from, sends: ['one', 'two'], then: 'again', wire: 'tcp' };
      const { got } = await observeSoon(t, how);

      assert.deepStrictEqual(got, ['one', 'two']);
    });
  }

  it('delays none of those 10 ms apart', async (t) => {
    for (const wire of ['tcp', 'tls']) {
      const how = { from: 'message', then: 'apart', wire };
      // Those up to here are on their way while the process works on. A TLS socket writes the first
      // one of a tick only.
      const count = wire === 'tls' ? 1 : 25;
      const { got } = await observeSoon(t, how, (i) => i < count);

      assert.strictEqual(got.length, 30);
    }
  });
});

describe('for await over a generator with only microtasks', () => {
  for (const from of origins) {
    it(`sends each item when it is there (from a ${from})`, async (t) => {
      const how = { from, then: 'iterate', wire: 'tcp' };
      const { got } = await observeSoon(t, how, (i) => i < 20);

      assert.strictEqual(got.length, 31);
    });
  }
});

describe('the end of a process behind a send', { concurrency: 4 }, () => {
  for (const then of ['exit', 'signal', 'throw']) {
    for (const from of origins) {
      for (const wire of ['tcp', 'tls']) {
        it(`does not lose it (${then}, from a ${from}, ${wire})`, async (t) => {
          const how = { from, sends: ['goodbye'], then, wire };
          const { got } = await observe(t, how);

          assert.deepStrictEqual(got, ['goodbye']);
        });
      }
    }

    for (const size of [16383, 16384, 20000, 65536]) {
      it(`does not lose ${size} bytes (${then})`, async (t) => {
        for (const wire of ['tcp', 'tls']) {
          const how = { from: 'message', sends: [size], then, wire };
          const { got } = await observe(t, how);

          assert.strictEqual(got.length, 1, wire);
        }
      });
    }
  }

  for (const from of origins) {
    it(`does not lose what comes behind the first (exit, from a ${from})`, async (t) => {
      const sends = ['one', 'two', 20000, 'three'];
      const how = { from, sends, then: 'exit', wire: 'tcp' };
      const { got } = await observe(t, how);

      assert.strictEqual(got.length, 4);
    });

    it(`does not lose the first of three (signal, from a ${from})`, async (t) => {
      const sends = ['one', 'two', 'three'];
      const how = { from, sends, then: 'signal', wire: 'tcp' };
      const { got } = await observe(t, how);

      assert.strictEqual(got[0], 'one');
    });
  }
});

describe('answers to messages of one chunk', () => {
  for (const role of ROLES) {
    it(`arrive in order (${role})`, async (t) => {
      const { socket, ws } = await openRaw(t, { role });
      const mask = role === 'server' ? MASK : null;
      const reader = new FrameReader();
      const got = [];

      ws.on('message', (data) => ws.send(data));
      socket.on('data', (chunk) => {
        for (const { payload } of reader.push(chunk)) got.push(`${payload}`);
      });
      socket.resume();

      for (const count of [1, 16, 100]) {
        got.length = 0;
        socket.write(
          Buffer.concat(
            Array.from({ length: count }, (_, i) => frame(1, `${i}`, { mask }))
          )
        );
        await until(() => got.length === count);
        assert.deepStrictEqual(got, Array.from(Array(count).keys(), String));
      }
    });

    it(`leave together, if they are of this package (${role})`, async (t) => {
      const { socket, ws } = await openRaw(t, { role });
      const mask = role === 'server' ? MASK : null;
      const chunks = [];

      ws.on('message', (data) => ws.send(data));
      socket.on('data', (chunk) => chunks.push(chunk.length));
      socket.resume();
      socket.write(Buffer.concat(Array(16).fill(frame(1, 'abc', { mask }))));

      const length = 16 * (role === 'client' ? 9 : 5);

      await until(() => chunks.reduce((sum, n) => sum + n, 0) === length);
      // With `ws` it is a write for each, of which the peer may read several at once.
      if (isOurs) assert.deepStrictEqual(chunks, [length]);
    });
  }
});

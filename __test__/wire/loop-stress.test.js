'use strict';

const assert = require('node:assert');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');

const WebSocket = require('../..');
const { inParallel } = require('../support/conversation');
const { openLoopPair, skipTouches, until } = require('../support/loop');
const { bytesOf } = require('../support/peers');
const { serve } = require('../support/servers');
const { portOf } = require('../support/raw-http');

const skip = skipTouches;

/** Numbers from 0 to `limit` - 1, the same ones for the same seed. */
function randomOf(seed) {
  let state = seed + 1;

  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const SOURCE = bytesOf(400_000);

/** Most messages are small, as most are; some take several reads. */
function sizeOf(random) {
  const kind = random(100);

  if (kind < 70) return random(300);
  if (kind < 90) return random(8000);
  if (kind < 97) return random(70_000);
  return random(300_000);
}

/** The messages of one end, each of which begins with its number. */
function* messages(seed, count) {
  const random = randomOf(seed);

  for (let i = 0; i < count; i++) {
    const size = sizeOf(random);
    const start = random(SOURCE.length - size);
    const message = Buffer.alloc(4 + size);

    message.writeUInt32LE(i);
    SOURCE.copy(message, 4, start, start + size);
    yield message;
  }
}

function hashOf(list) {
  const hash = createHash('sha256');

  for (const message of list) hash.update(message);
  return hash.digest('hex');
}

/** Counts and hashes what an end gets; order is checked by the numbers. */
class Check {
  count = 0;
  wrong = [];
  #hash = createHash('sha256');

  constructor(ws, onMessage = () => {}) {
    ws.on('message', (data) => {
      if (data.readUInt32LE() !== this.count) this.wrong.push(this.count);
      this.count++;
      this.#hash.update(data);
      onMessage(this.count);
    });
  }

  assertIs(seed, count) {
    assert.deepStrictEqual(this.wrong, []);
    assert.strictEqual(this.count, count);
    assert.strictEqual(this.#hash.digest('hex'), hashOf(messages(seed, count)));
  }
}

/** Sends all messages, in ticks of their own or together, but not too many. */
async function sendAll(ws, seed, count) {
  const random = randomOf(~seed >>> 0);

  for (const message of messages(seed, count)) {
    if (random(3) === 0) await turn();
    while (ws.bufferedAmount > 1 << 20) await turn();
    ws.send(message);
  }
}

const TOUCHES = [
  (ws) => ws._socket.on('data', () => {}),
  (ws) => ws._socket.once('data', () => {}),
  (ws) => ws._socket.prependListener('data', () => {}),
  (ws) => ws._socket.setTimeout(60_000),
  (ws) => assert.ok(ws._receiver),
  (ws) => {
    ws._socket.on('readable', () => {
      while (ws._socket.read() !== null);
    });
  },
  // These come back.
  (ws) => {
    ws.pause();
    setImmediate(() => ws.resume());
  },
  (ws) => {
    ws.pause();
    setTimeout(() => ws.resume(), 2);
  }
];

describe('Connections that change their transport under load', { skip }, () => {
  for (const [what, total, options] of [
    ['no compression', 1200, {}],
    ['compression', 300, { perMessageDeflate: { threshold: 100 } }],
    ['one event a macrotask', 200, { allowSynchronousEvents: false }]
  ]) {
    it(`lose no byte and keep the order, with ${what}`, async (t) => {
      const each = 15;
      const wss = serve(t, { host: '127.0.0.1', ...options });
      const url = `ws://127.0.0.1:${await portOf(wss)}`;
      const moved = { loop: 0, stream: 0 };

      async function run(n) {
        const random = randomOf(n * 7919);
        const client = new WebSocket(`${url}/${n}`, options);
        const [peer] = await new Promise((resolve) => {
          wss.on('connection', function listener(ws, request) {
            if (request.url !== `/${n}`) return;

            wss.removeListener('connection', listener);
            resolve([ws, check(ws, 2 * n)]);
          });
        });

        /** Touches an end after some message, in the listener or later. */
        function check(ws, seed) {
          const touch = TOUCHES[random(TOUCHES.length)];
          const at = 1 + random(each);
          const isLate = random(2) === 0;

          ws.check = new Check(ws, (count) => {
            if (count !== at) return;

            moved[ws.transport]++;
            if (isLate) setImmediate(touch, ws);
            else touch(ws);
          });
          ws.seed = seed;
          return ws.check;
        }

        check(client, 2 * n + 1);
        if (client.readyState !== WebSocket.OPEN) await once(client, 'open');
        await Promise.all([
          sendAll(client, peer.seed, each),
          sendAll(peer, client.seed, each)
        ]);
        await until(
          () => client.check.count >= each && peer.check.count >= each
        );
        client.check.assertIs(client.seed, each);
        peer.check.assertIs(peer.seed, each);
        client.close();
        await Promise.all([once(client, 'close'), once(peer, 'close')]);
      }

      wss.setMaxListeners(100);
      await inParallel(
        Array.from({ length: total }, (_, n) => n),
        run,
        16
      );
      // Most were on loop when they were touched, if something came late enough.
      assert.ok(moved.loop > total / 2, JSON.stringify(moved));
    });
  }
});

describe('One connection that is paused and resumed', { skip }, () => {
  for (const [what, count, goal, options] of [
    // Some 2,200 and 60 on Linux; it depends on when the kernel delivers: on a
    // busy machine it is less than half of that.
    ['without', 12_000, 500, {}],
    ['with some', 4000, 20, { perMessageDeflate: { threshold: 8000 } }]
  ]) {
    it(`loses nothing in many moves, ${what} compression`, async (t) => {
      const { client, peer } = await openLoopPair(t, {
        server: options,
        client: options
      });
      let moves = 0;
      let isOver = false;

      const checks = [client, peer].map((ws) => new Check(ws));

      /** Pauses for as long as it takes until something has come. */
      async function move(ws, seed) {
        const random = randomOf(seed);

        while (!isOver) {
          const before = ws.transport;

          ws.pause();
          for (let i = random(4); i >= 0; i--) await turn();
          if (ws.transport !== before) moves++;

          const paused = ws.transport;

          ws.resume();
          for (let i = random(6); i >= 0; i--) await turn();
          if (ws.transport !== paused) moves++;
        }
      }

      const movers = [move(client, 1), move(peer, 2)];

      await Promise.all([
        sendAll(client, 3, count),
        sendAll(peer, 4, count),
        until(() => checks.every((check) => check.count >= count))
      ]);
      isOver = true;
      await Promise.all(movers);
      checks[0].assertIs(4, count);
      checks[1].assertIs(3, count);
      assert.ok(moves >= goal, `${moves} moves`);
      t.diagnostic(`${moves} moves`);
    });
  }
});

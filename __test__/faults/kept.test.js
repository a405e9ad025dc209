'use strict';

// How much memory a message holds that a program keeps, or hands to another thread: little more
// than its own size, and never anything of another connection.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { openEnds, ROLES, turns, until } = require('../support/ends');
const { isOurs } = require('../support/implementation');
const { isolated } = require('../support/programs');
const { onlyHere } = require('../support/wires');

const KINDS = {
  binary: { send: (far, data) => far.send(data) },
  text: { send: (far, data) => far.send(data, { binary: false }) },
  fragments: {
    // `ws` puts them together in the pool of Node.
    limit: Buffer.poolSize,
    send(far, data) {
      far.send(data.subarray(0, 30), { fin: false });
      far.send(data.subarray(30));
    }
  },
  ping: { event: 'ping', send: (far, data) => far.ping(data) },
  pong: { event: 'pong', send: (far, data) => far.pong(data) }
};

/** What all the messages hold, each ArrayBuffer once. */
function held(messages) {
  const buffers = new Set(messages.map((data) => data.buffer));

  return [...buffers].reduce((sum, buffer) => sum + buffer.byteLength, 0);
}

/** Sends one message at a time, and gives what arrives. */
async function oneByOne({ near, far }, kind, payloads) {
  const { event = 'message', send } = KINDS[kind];
  const got = [];

  near.on(event, (data) => got.push(data));
  for (const payload of payloads) {
    const arrived = once(near, event);

    send(far, payload);
    await arrived;
  }

  return got;
}

describe('a kept message', () => {
  for (const size of [410000, 70000, 66000, 20000]) {
    it(`of 5 bytes holds nothing of ${size} before it`, async (t) => {
      for (const role of ROLES) {
        for (const wire of ['tcp', 'tls']) {
          const ends = await openEnds(t, { role, wire });
          const payloads = Array.from({ length: 20 }, (_, i) =>
            Buffer.alloc(i % 2 ? 5 : size)
          );
          const got = await oneByOne(ends, 'binary', payloads);

          for (const data of got.filter(({ length }) => length === 5)) {
            assert.ok(data.buffer.byteLength <= 65536, `${role} ${wire}`);
          }
        }
      }
    });
  }

  it('of 5 bytes in one write with a long one holds no long one', async (t) => {
    for (const role of ROLES) {
      const { near, far } = await openEnds(t, { role });
      const got = [];

      near.on('message', (data) => got.push(data));
      for (let i = 0; i < 10; i++) {
        far._socket.cork();
        far.send(Buffer.alloc(410000));
        far.send('small');
        far._socket.uncork();
        await until(() => got.length === 2 * i + 2);
      }

      for (const data of got.filter(({ length }) => length === 5)) {
        assert.ok(data.buffer.byteLength <= 65536);
      }
    }
  });

  for (const kind of Object.keys(KINDS)) {
    it(`of 100 bytes, one in 45, holds little more: ${kind}`, async (t) => {
      for (const role of ROLES) {
        const ends = await openEnds(t, { role });
        const payloads = Array(450).fill(Buffer.alloc(100, 7));
        const got = await oneByOne(ends, kind, payloads);
        const kept = got.filter((data, i) => i % 45 === 0);

        const each = held(kept) / kept.length;

        assert.ok(each <= (KINDS[kind].limit ?? 2048), `${role}: ${each}`);
      }
    });
  }

  it('of each of 60 connections holds at most 2 KiB', async (t) => {
    const first = await openEnds(t);
    const all = [first];
    const kept = [];
    let count = 0;

    while (all.length < 60) all.push(await first.another());
    for (const { near } of all) {
      near.on('message', (data) => {
        if (count++ % 45 === 0) kept.push(data);
      });
    }

    for (let round = 1; round <= 30; round++) {
      for (const { far } of all) far.send(Buffer.alloc(100, 7));
      await until(() => count === round * all.length);
    }

    assert.ok(held(kept) / kept.length <= 2048, `${held(kept) / kept.length}`);
  });

  it('holds no memory that only the process can see', async () => {
    const each = await isolated(
      async (t, { openEnds, sleep, until }) => {
        const kept = [];
        const first = await openEnds(t);
        let count = 0;

        const before = process.memoryUsage().arrayBuffers;

        for (let i = 0; i < 20; i++) {
          const { near, far } = i === 0 ? first : await first.another();

          near.on('message', (data) => {
            if (count++ % 90 === 0) kept.push(data);
            near.send('ok');
          });
          far.on('message', () => far.send(Buffer.alloc(100)));
          far.send(Buffer.alloc(100));
        }

        await until(() => count > 9000, 20000);
        for (const ws of first.wss.clients) ws.terminate();
        await sleep(50);
        global.gc();
        await sleep(50);
        global.gc();
        return (process.memoryUsage().arrayBuffers - before) / kept.length;
      },
      null,
      ['--expose-gc']
    );

    assert.ok(each <= 2048, `${each} bytes each`);
  });
});

describe('a message that is cloned for another thread', () => {
  for (const kind of Object.keys(KINDS)) {
    it(`takes little along: ${kind}`, async (t) => {
      for (const role of ROLES) {
        const ends = await openEnds(t, { role });
        const payloads = Array(100).fill(Buffer.alloc(100, 7));
        const got = await oneByOne(ends, kind, payloads);

        for (const data of got) {
          const { buffer } = structuredClone(data);

          assert.ok(
            buffer.byteLength <= (KINDS[kind].limit ?? 4096),
            `${role}: ${buffer.byteLength}`
          );
        }
      }
    });
  }

  // What `ws` inflates lies in the pool of Node, with whatever else does.
  for (const deflate of isOurs ? [false, true] : [false]) {
    for (const wire of onlyHere(['tcp', 'unix', 'tls'])) {
      it(`shows nothing of others (${wire}, deflate: ${deflate})`, async (t) => {
        for (const role of ROLES) {
          const first = await openEnds(t, { deflate, role, wire });
          const all = [first, await first.another(), await first.another()];
          const got = [];

          for (const [i, { near }] of all.entries()) {
            near.on('message', (data) => got.push([i, data]));
            near.on('ping', (data) => got.push([i, data]));
          }

          for (let round = 0; round < 20; round++) {
            for (const [i, { far }] of all.entries()) {
              // Of 0xa1, 0xa2 and 0xa3: no text, nothing of a frame's head.
              far.send(Buffer.alloc(40 + 37 * round, 0xa1 + i));
              far.ping(Buffer.alloc(50, 0xa1 + i));
            }
            await turns(6);
          }

          await until(() => got.length === 120);
          for (const [i, { buffer }] of got) {
            const bytes = Buffer.from(buffer).toString('latin1');

            for (const other of [0, 1, 2].filter((j) => j !== i)) {
              const sign = String.fromCharCode(0xa1 + other).repeat(8);

              assert.ok(!bytes.includes(sign), `${role}: ${other} in ${i}`);
            }
          }
        }
      });
    }
  }
});

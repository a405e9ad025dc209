'use strict';

// A program may give the memory of a message away: put it into a byte stream, transfer it. What it
// gave away stays as it is, and nobody else's messages, connections or sends notice.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const {
  messagesOf,
  openEnds,
  ROLES,
  turns,
  until
} = require('../support/ends');
const { intoStream, ways } = require('../support/give-away');
const { isolated } = require('../support/programs');
const { onlyHere } = require('../support/wires');

/** Has a message's memory filled with zeros that others must leave alone, in each role and wire. */
async function fillWithZeros(
  t,
  { openEnds, ROLES, turns, until },
  { size, way, wires }
) {
  const { ways } = require('./__test__/support/give-away');
  const seen = {};

  async function fill(role, wire) {
    const { near, far } = await openEnds(t, { role, wire });
    const got = [];

    near.on('message', (data) => got.push(data));
    far.send(Buffer.alloc(size, 1));
    await until(() => got.length === 1);

    const given = await ways[way](got[0]);
    const mine = new Uint8Array(given.buffer).fill(0);

    for (let i = 1; i <= 8; i++) {
      far.send(Buffer.alloc(i % 2 ? 60 : size, 'Z'));
      await until(() => got.length === 1 + i);
      await turns(3);
    }

    return {
      foreign: mine.filter((byte) => byte !== 0).length,
      wrong: got.slice(1).filter((data) => data.some((byte) => byte !== 90))
        .length
    };
  }

  for (const role of ROLES) {
    for (const wire of wires) seen[`${role}, ${wire}`] = await fill(role, wire);
  }

  return seen;
}

describe('a message that was given away', () => {
  // On a stream it would be the peer's memory: not for us to give away.
  const wires = onlyHere(['tcp', 'unix', 'tls']);

  for (const way of Object.keys(ways)) {
    for (const size of [17, 1000, 40000, 400000]) {
      it(`to ${way} is never written to: ${size} bytes`, async () => {
        const seen = await isolated(fillWithZeros, { size, way, wires });

        assert.strictEqual(Object.keys(seen).length, 2 * wires.length);
        for (const [where, found] of Object.entries(seen)) {
          assert.deepStrictEqual(found, { foreign: 0, wrong: 0 }, where);
        }
      });
    }
  }

  it('in its listener leaves the rest of the chunk to others', async (t) => {
    for (const role of ROLES) {
      const one = await openEnds(t, { role });
      const other = await one.another();
      const kept = messagesOf(other.near, (data) => data);
      const heard = messagesOf(one.near, () => 'heard');

      other.far.send('keep me');
      await until(() => kept.length === 1);
      one.near.once('message', intoStream);
      one.far.send('into a stream');
      await until(() => heard.length === 1);
      other.far.send('and me');
      one.far.send('on it goes');
      await until(() => kept.length === 2 && heard.length === 2);
      assert.deepStrictEqual(kept.map(String), ['keep me', 'and me']);
    }
  });

  it('in the middle of a chunk takes only what came with it', async (t) => {
    const one = await openEnds(t);
    const others = [];

    for (let i = 0; i < 5; i++) others.push(await one.another());

    const kept = others.map(({ near }) => messagesOf(near, (data) => data));

    one.near.once('message', (data) => ways['transfer()'](data));
    for (const { far } of others) far.send(Buffer.alloc(500, 'k'));
    one.far.send('give it away');
    for (const { far } of others) far.send(Buffer.alloc(500, 'k'));
    await until(() => kept.every((messages) => messages.length === 2));
    for (const data of kept.flat()) {
      assert.strictEqual(String(data), 'k'.repeat(500));
    }
  });
});

describe('connections go on when a message was given away', () => {
  for (const deflate of [false, true]) {
    it(`those that are there (deflate: ${deflate})`, async (t) => {
      for (const role of ROLES) {
        const one = await openEnds(t, { role });
        const other = await openEnds(t, { deflate, role });
        const heard = messagesOf(other.near);

        one.near.once('message', intoStream);
        one.far.send('give it away');
        await turns();

        for (let i = 0; i < 10; i++) {
          other.far.send(`message ${i}`);
          await turns();
        }

        await until(() => heard.length === 10);
        assert.strictEqual(heard.join(), tenMessages());
      }
    });
  }

  it('those that are opened afterwards', async (t) => {
    const { near, far, another } = await openEnds(t);
    let heard = 0;

    near.once('message', intoStream);
    far.send('into a stream');
    await turns(20);

    for (let i = 0; i < 5; i++) {
      const next = await another();

      next.near.on('message', () => heard++);
      next.far.send('hello');
    }

    await until(() => heard === 5);
  });

  for (const size of [10, 5000, 100000]) {
    it(`what was sent before, compressed, arrives: ${size}`, async (t) => {
      for (const give of Object.values(ways)) {
        // The message itself comes uncompressed: it lies in what was read.
        const one = await openEnds(t);
        const other = await openEnds(t, { deflate: true });
        const got = messagesOf(other.far);
        const text = 'outgoing '.repeat(size / 9 + 1);
        const codes = [];

        other.far.on('close', (code) => codes.push(code));
        one.near.on('message', (data) => {
          other.near.send(`0 ${text}`);
          return give(data);
        });
        one.far.send('into a stream');
        await until(() => got.length === 1);
        for (const i of [1, 2]) {
          other.near.send(`${i} ${text}`);
          await until(() => got.length === i + 1);
        }

        assert.deepStrictEqual(
          got,
          [0, 1, 2].map((i) => `${i} ${text}`)
        );
        assert.deepStrictEqual(codes, []);
      }
    });
  }
});

describe('an ArrayBuffer that was received', () => {
  for (const deflate of [false, true]) {
    for (const wire of ['tcp', 'tls', 'duplex']) {
      it(`can be transferred, of any size (${wire}, deflate: ${deflate})`, async (t) => {
        for (const role of ROLES) {
          const { near, far } = await openEnds(t, { deflate, role, wire });
          const got = [];

          near.binaryType = 'arraybuffer';
          near.on('message', (data) => got.push(data));
          for (const size of [10, 125, 20000, 40000, 400000, 4e6]) {
            got.length = 0;
            far.send(Buffer.alloc(size, 'abc'));
            await until(() => got.length === 1);

            const [data] = got;
            const there = structuredClone(data, { transfer: [data] });

            assert.strictEqual(there.byteLength, size);
            assert.strictEqual(data.byteLength, 0, `${size} was copied`);
          }
        }
      });
    }
  }
});

function tenMessages() {
  return Array.from({ length: 10 }, (_, i) => `message ${i}`).join();
}

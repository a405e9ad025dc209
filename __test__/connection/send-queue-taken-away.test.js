'use strict';

// What a program detaches or makes shorter while it waits for compression is not sent, and its
// callback says so.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { openEnds, ROLES, until } = require('../support/ends');
const { openDeflating } = require('../support/senders');
const { WIRES } = require('../support/wires');

const CODE = 'WS_RS_DATA_DETACHED';

const LONG = 200_000;

/** What a program may do to the memory of a payload. */
const changes = {
  detached: (memory) => structuredClone(memory, { transfer: [memory] }),
  'made shorter': (memory) => memory.resize(10),
  'made empty': (memory) => memory.resize(0)
};

function resizable(byte = 97) {
  const memory = new ArrayBuffer(LONG, { maxByteLength: LONG });

  new Uint8Array(memory).fill(byte);
  return memory;
}

/** Sends each of `list` (payload and options); returns the codes of the callbacks, in order. */
function sendAll(ws, list) {
  const called = [];

  list.forEach(([data, options = {}], i) => {
    ws.send(data, options, (err) => called.push([i, err && err.code]));
  });
  return called;
}

describe('A message that waits behind one that is compressed', () => {
  for (const [name, change] of Object.entries(changes)) {
    for (const wire of WIRES) {
      it(`is left out if it is ${name} (${wire})`, async (t) => {
        for (const role of ROLES) {
          for (const compress of [true, false]) {
            const { near, far } = await openEnds(t, {
              deflate: true,
              role,
              wire
            });
            const got = [];
            const memory = resizable();

            far.on('message', (data) => got.push(data.length));

            const called = sendAll(near, [
              [Buffer.alloc(LONG + 1, 'first')],
              [memory, { compress }],
              ['behind']
            ]);

            change(memory);
            await until(() => called.length === 3 && got.length === 2);
            assert.deepStrictEqual(called, [
              [0, null],
              [1, CODE],
              [2, null]
            ]);
            assert.deepStrictEqual(got, [LONG + 1, 6]);
            assert.strictEqual(near.bufferedAmount, 0);
            assert.strictEqual(near.readyState, near.OPEN);
          }
        }
      });
    }
  }

  for (const wire of WIRES) {
    it(`is called back for in its order if it was behind a blob (${wire})`, async (t) => {
      for (const role of ROLES) {
        const { near } = await openEnds(t, { role, wire });
        const memory = [resizable(), resizable()];

        const called = sendAll(near, [
          [new Blob(['first'])],
          [memory[0]],
          ['behind'],
          [memory[1]],
          ['last']
        ]);

        for (const one of memory) changes.detached(one);
        await until(() => called.length === 5);
        assert.deepStrictEqual(called, [
          [0, null],
          [1, CODE],
          [2, null],
          [3, CODE],
          [4, null]
        ]);
      }
    });
  }

  it('is sent with what it has then if it is overwritten', async (t) => {
    const { near, far } = await openEnds(t, { deflate: true });
    const got = [];
    const memory = resizable();

    far.on('message', (data) => got.push(String(data.subarray(0, 2))));
    sendAll(near, [[Buffer.alloc(LONG, 'x')], [memory]]);
    new Uint8Array(memory).fill(98);
    await until(() => got.length === 2);
    assert.deepStrictEqual(got, ['xx', 'bb']);
  });

  it('ends the connection if it is a fragment', async (t) => {
    for (const which of [0, 1, 2]) {
      const { near, far } = await openEnds(t, { deflate: true });
      const memory = [0, 1, 2].map(() => resizable());
      const got = [];
      const errors = [];
      let closeCode = 0;

      near.removeAllListeners('error');
      near.on('error', (err) => errors.push(err.code));
      near.on('close', (code) => (closeCode = code));
      far.on('message', (data) => got.push(data.length));

      const called = sendAll(near, [
        [Buffer.alloc(LONG + 1, 'first')],
        [memory[0], { fin: false }],
        [memory[1], { fin: false }],
        [memory[2]],
        ['behind']
      ]);

      changes.detached(memory[which]);
      await until(
        () => called.length === 5 && closeCode !== 0 && got.length === 1
      );
      assert.deepStrictEqual(
        called.map(([, code]) => code),
        [null, ...memory.map((_, i) => (i < which ? null : CODE)), CODE]
      );
      assert.deepStrictEqual(got, [LONG + 1]);
      assert.deepStrictEqual(errors, [CODE]);
      assert.strictEqual(closeCode, 1006);
    }
  });
});

describe('A message that waits for a thread', () => {
  it('is left out if it is detached, and leaves the context as it was', async (t) => {
    const { near, far, another } = await openEnds(t, { deflate: true });
    const others = [];
    const got = [];

    far.on('message', (data) => got.push(String(data)));
    near.send('known to both');
    await until(() => got.length === 1);

    // As many as may be compressed at a time.
    for (let i = 0; i < 10; i++) others.push(await another());
    for (const { near } of others) near.send(Buffer.alloc(4 << 20, 'busy'));

    const memory = resizable();
    const called = sendAll(near, [[memory], ['known to both']]);

    changes.detached(memory);
    await until(() => got.length === 2);
    assert.strictEqual(got[1], 'known to both');
    assert.deepStrictEqual(called, [
      [0, CODE],
      [1, null]
    ]);
    assert.strictEqual(near.bufferedAmount, 0);
  });
});

describe('A sender without a connection', () => {
  it('counts what waits with the bytes that it had, whatever becomes of it', async () => {
    for (const change of Object.values(changes)) {
      const { sender } = openDeflating({ threshold: 0 });
      const options = { binary: true, compress: true, fin: true };
      const memory = resizable();
      const sent = [new Uint8Array(300_000), memory, 'last'].map(
        (data) =>
          new Promise((resolve) => {
            sender.send(data, options, (err) => resolve(err && err.code));
          })
      );

      assert.strictEqual(sender._bufferedBytes, 300_004 + LONG);
      change(memory);
      assert.deepStrictEqual(await Promise.all(sent), [null, CODE, null]);
      assert.strictEqual(sender._bufferedBytes, 0);
    }
  });
});

'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const readBlob = require('../../lib/connection/read-blob');
const { openPair } = require('../support/pairs');

/** What a program may have made itself. */
function ownBlob(arrayBuffer) {
  return {
    arrayBuffer,
    size: 2,
    stream() {},
    [Symbol.toStringTag]: 'Blob',
    type: ''
  };
}

const read = (blob, isLate) =>
  new Promise((resolve, reject) => readBlob(blob, isLate, resolve, reject));

describe('readBlob', () => {
  it('gives what is in a blob as a buffer', async () => {
    for (const content of [
      new Uint8Array([97, 98]).buffer,
      new Uint8Array([97, 98]),
      Buffer.from('ab'),
      'ab',
      [97, 98]
    ]) {
      const bytes = await read(
        ownBlob(async () => content),
        true
      );

      assert.ok(Buffer.isBuffer(bytes));
      assert.deepStrictEqual(bytes, Buffer.from('ab'));
    }
  });

  it('fails if that is no bytes, or it cannot be read', async () => {
    await assert.rejects(read(ownBlob(async () => undefined)), {
      code: 'ERR_INVALID_ARG_TYPE'
    });
    await assert.rejects(
      read(ownBlob(() => Promise.reject(new RangeError('Oops')))),
      RangeError
    );
  });

  it('throws what a blob throws only if its sender is still there', async () => {
    const blob = ownBlob(() => {
      throw new RangeError('Oops');
    });

    assert.throws(() => readBlob(blob, false), RangeError);
    await assert.rejects(read(blob, true), RangeError);
  });
});

describe('A blob that throws when its turn has come', () => {
  it('ends its connection with an error, as in ws', async (t) => {
    const { client, peer } = await openPair(t);
    const closed = once(client, 'close');
    const failed = once(peer, 'error');

    peer.send(new Blob(['first']));
    peer.send(
      ownBlob(() => {
        throw new RangeError('Oops');
      })
    );

    const [error] = await failed;

    assert.strictEqual(error.message, 'Oops');
    assert.strictEqual((await closed)[0], 1006);
  });
});

describe('What was in a blob', () => {
  it('is sent in its promise, before ticks of the program that come behind it', async (t) => {
    const { client, peer } = await openPair(t);
    const order = [];
    const closed = once(client, 'close');
    const failed = new Promise((resolve) => {
      peer.on('error', (error) => {
        order.push(error.message);
        resolve();
      });
    });

    queueMicrotask(() => {
      process.nextTick(queueMicrotask, () => {
        process.nextTick(() => order.push('a tick behind microtasks'));
      });
    });
    peer.send(ownBlob(() => Promise.resolve(new ArrayBuffer(2))));
    peer.ping(ownBlob(() => Promise.reject(new Error('the second blob'))));
    await failed;
    await closed;
    // With ws it is so as well.
    assert.deepStrictEqual(order, [
      'the second blob',
      'a tick behind microtasks'
    ]);
  });

  it('is called back for once if what is behind it cannot be written', async (t) => {
    const { client, peer } = await openPair(t);
    const calls = [];
    const closed = once(client, 'close');
    const failed = once(peer, 'error');

    peer.send(new Blob(['ab']), (error) => calls.push(error ?? 'sent'));
    peer.send(
      ownBlob(() => {
        throw new RangeError('Oops');
      }),
      (error) => calls.push(error.message)
    );

    const [message] = await once(client, 'message');

    assert.strictEqual(message.toString(), 'ab');
    await failed;
    await closed;
    assert.deepStrictEqual(calls.sort(), ['Oops', 'sent']);
  });
});

'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { createSlab } = require('../../lib/native/slab');

const METHODS = ['transfer', 'transferToFixedLength'].filter(
  (name) => name in ArrayBuffer.prototype
);
const skip = METHODS.length === 0 && 'this Node has no ArrayBuffer#transfer()';

describe('A slab', () => {
  it('is memory of its own, of the size that was asked for', () => {
    const slab = createSlab(4096);

    assert.ok(Buffer.isBuffer(slab));
    assert.strictEqual(slab.length, 4096);
    assert.strictEqual(slab.byteOffset, 0);
    assert.strictEqual(slab.buffer.byteLength, 4096);
    assert.notStrictEqual(createSlab(4096).buffer, slab.buffer);
  });

  it('is not moved to another thread', () => {
    const slab = createSlab(8).fill('a');

    try {
      structuredClone(slab.buffer, { transfer: [slab.buffer] });
    } catch (err) {
      // Node 20 copies it instead.
      assert.strictEqual(err.name, 'DataCloneError');
    }
    assert.strictEqual(slab.toString(), 'aaaaaaaa');
  });

  it('is not detached by its methods', { skip }, () => {
    const slab = createSlab(8).fill('a');
    const slice = slab.subarray(2, 4);

    for (const name of METHODS) {
      assert.throws(() => slice.buffer[name](), TypeError);
      assert.throws(() => slice.buffer[name](4), {
        name: 'TypeError',
        message: /Copy the message first/
      });
    }
    assert.strictEqual(slab.toString(), 'aaaaaaaa');
    assert.deepStrictEqual(Object.keys(slab.buffer), []);
  });

  it('can be copied, and the copy transferred', { skip }, () => {
    const message = createSlab(8).fill('a').subarray(2, 4);
    const copy = new Uint8Array(message);

    assert.strictEqual(copy.buffer.transfer().byteLength, 2);
    assert.strictEqual(copy.length, 0);
    assert.strictEqual(message.toString(), 'aa');
  });
});

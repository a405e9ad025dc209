'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const hidden = require('../../lib/compression/hidden-memory');

describe('Hidden memory', () => {
  it('takes copies one behind the other, each byte once', () => {
    const copies = [];

    for (let i = 0; i < 100; i++) {
      copies.push(hidden.copy(Buffer.alloc(5000, i)));
    }

    for (const [i, copy] of copies.entries()) {
      assert.ok(copy.equals(Buffer.alloc(5000, i)), `copy ${i}`);
    }
    assert.ok(new Set(copies.map(({ buffer }) => buffer)).size < 10);
  });

  it('takes copies of nothing', () => {
    assert.strictEqual(hidden.copy(Buffer.alloc(0)).length, 0);
  });
});

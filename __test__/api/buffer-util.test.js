'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { concat } = require('../../lib/api/buffer-util');
const { EMPTY_BUFFER } = require('../../lib/constants');

describe('concat', () => {
  it('joins the parts in order', () => {
    const parts = [Buffer.from([1, 2]), EMPTY_BUFFER, Buffer.from([3])];

    assert.deepStrictEqual(concat(parts), Buffer.from([1, 2, 3]));
  });

  it('gives the empty buffer itself for no parts', () => {
    assert.strictEqual(concat([]), EMPTY_BUFFER);
  });

  it('does not copy a single part', () => {
    const part = Buffer.from([1, 2]);

    assert.strictEqual(concat([part]), part);
  });
});

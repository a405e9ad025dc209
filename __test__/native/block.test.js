'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const Block = require('../../lib/native/block');

describe('Block', () => {
  it('is cut into pieces one behind the other, at multiples of eight', () => {
    const block = new Block();
    const pieces = [3, 8, 0, 1].map((length) => block.cut(length));

    assert.deepStrictEqual(
      pieces.map(({ byteOffset, length }) => [byteOffset, length]),
      [
        [0, 3],
        [8, 8],
        [16, 0],
        [16, 1]
      ]
    );
    for (const piece of pieces) {
      assert.ok(Buffer.isBuffer(piece));
      assert.strictEqual(piece.buffer, block.memory.buffer);
    }
    assert.strictEqual(block.used, 24);
  });

  it('is new memory when it is renewed, and leaves the old to its messages', () => {
    const block = new Block();
    const piece = block.cut(5).fill('a');

    block.renew();
    assert.strictEqual(block.used, 0);
    assert.notStrictEqual(block.memory.buffer, piece.buffer);
    assert.strictEqual(block.memory.length, Block.SIZE);
    assert.strictEqual(String(piece), 'aaaaa');
  });

  it('is memory that may be transferred', () => {
    const block = new Block();
    const piece = block.cut(5).fill('a');
    const copy = structuredClone(piece, { transfer: [piece.buffer] });

    assert.strictEqual(Buffer.from(copy).toString(), 'aaaaa');
    assert.strictEqual(block.memory.length, 0);
  });
});

'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { BlockOwner, copyExactly } = require('../../lib/memory/message-memory');

const SOURCE = Buffer.from(
  Array.from({ length: 4096 }, (_, i) => i % 251)
).buffer;

function expected(start, length) {
  return Buffer.from(SOURCE.slice(start, start + length));
}

/** Copies so much for others that an owner's last copy is long ago. */
function letTimePass(owner, count = 1025) {
  for (let i = 0; i < count; i++) owner.copy(SOURCE, 0, 1);
}

describe('An owner of message memory', () => {
  it('gives what it copied, whatever the size', () => {
    const owner = new BlockOwner();
    const kept = [];

    for (let length = 1; length < 1200; length += 3) {
      kept.push([owner.copy(SOURCE, length, length), length]);
    }
    for (const [data, length] of kept) {
      assert.ok(Buffer.isBuffer(data));
      assert.deepStrictEqual(data, expected(length, length));
    }
  });

  it('has no block for the first message, and one for what follows soon', () => {
    const owner = new BlockOwner();
    const first = owner.copy(SOURCE, 0, 100);

    assert.strictEqual(first.buffer.byteLength, 100);
    assert.strictEqual(owner.block, null);

    const second = owner.copy(SOURCE, 0, 100);
    const third = owner.copy(SOURCE, 0, 100);

    assert.strictEqual(second.buffer, third.buffer);
    assert.ok(second.buffer.byteLength <= 2048);
    owner.giveUpBlock();
  });

  it('has no block for a message that comes long after the last', () => {
    const owner = new BlockOwner();
    const other = new BlockOwner();

    owner.copy(SOURCE, 0, 100);
    letTimePass(other);
    assert.strictEqual(owner.copy(SOURCE, 0, 100).buffer.byteLength, 100);
    other.giveUpBlock();
  });

  it('shares no block with others', () => {
    const owners = [new BlockOwner(), new BlockOwner(), new BlockOwner()];
    const memories = owners.map(() => new Set());

    for (let i = 0; i < 100; i++) {
      for (const [n, owner] of owners.entries()) {
        memories[n].add(owner.copy(SOURCE, 0, 50).buffer);
      }
    }
    assert.strictEqual(
      new Set(memories.flatMap((set) => [...set])).size,
      memories.reduce((sum, { size }) => sum + size, 0)
    );
    for (const owner of owners) owner.giveUpBlock();
  });

  it('takes a new block when somebody has detached it', () => {
    const owner = new BlockOwner();

    owner.copy(SOURCE, 0, 100);

    const second = owner.copy(SOURCE, 0, 100);

    structuredClone(second.buffer, { transfer: [second.buffer] });

    const third = owner.copy(SOURCE, 7, 100);

    assert.strictEqual(second.length, 0);
    assert.deepStrictEqual(third, expected(7, 100));
    owner.giveUpBlock();
  });

  it('never lets a message keep more than some times its size', () => {
    const owner = new BlockOwner();

    for (let i = 0; i < 3000; i++) {
      const length = 1 + ((i * 7919) % 1500);
      const { buffer } = owner.copy(SOURCE, 0, length);

      assert.ok(
        buffer.byteLength <= Math.max(2048, 32 * length),
        `${length} bytes keep ${buffer.byteLength}`
      );
    }
    owner.giveUpBlock();
  });

  it('gives a short message none of the block of long ones', () => {
    const owner = new BlockOwner();

    for (let i = 0; i < 10; i++) owner.copy(SOURCE, 0, 1000);
    for (let i = 0; i < 10; i++) {
      assert.ok(owner.copy(SOURCE, 0, 5).buffer.byteLength <= 2048);
    }
    owner.giveUpBlock();
  });

  it('gives a message of more than 1024 bytes memory of its own', () => {
    const owner = new BlockOwner();

    for (const length of [1025, 1025, 3000, 3000]) {
      const { buffer, byteOffset } = owner.copy(SOURCE, 1, length);

      assert.deepStrictEqual([buffer.byteLength, byteOffset], [length, 0]);
    }
  });

  it('keeps a block for a thousand connections, not for more', () => {
    const owners = Array.from({ length: 1500 }, () => new BlockOwner());

    for (const owner of owners) {
      owner.copy(SOURCE, 0, 10);
      owner.copy(SOURCE, 0, 10);
    }

    const holding = owners.filter(({ block }) => block !== null);

    assert.strictEqual(holding.length, 1024);
    assert.deepStrictEqual(holding, owners.slice(-1024));
    for (const owner of owners) owner.giveUpBlock();
    assert.ok(owners.every(({ block }) => block === null));
  });

  it('copies a chunk with several messages at once', () => {
    const owner = new BlockOwner();

    assert.ok(owner.reserve(20, 5));

    const at = owner.copySpan(SOURCE, 100, 300);

    assert.deepStrictEqual(
      Buffer.from(owner.block, at, 300),
      expected(100, 300)
    );
    owner.giveUpBlock();
  });

  it('copies with the set() that was there when it was loaded', (t) => {
    const seen = t.mock.method(Uint8Array.prototype, 'set');
    const owner = new BlockOwner();

    for (let i = 0; i < 3; i++) owner.copy(SOURCE, 0, 10);
    copyExactly(SOURCE, 0, 2000);
    assert.strictEqual(seen.mock.callCount(), 0);
    owner.giveUpBlock();
  });
});

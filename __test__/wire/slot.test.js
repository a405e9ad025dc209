'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const native = require('../../lib/native');
const slotOf = require('../../lib/wire/slot');

const createConnection = () => native.connectionCreate(true, 0, 0, 0, 0);

describe('The slot of a native connection', () => {
  it('is the low 22 bits of its number', () => {
    assert.strictEqual(slotOf(0), 0);
    assert.strictEqual(slotOf(5), 5);
    assert.strictEqual(slotOf(0x003fffff), 0x3fffff);
    assert.strictEqual(slotOf(0x00400000), 0);
    assert.strictEqual(slotOf(0x00400005), 5);
    assert.strictEqual(slotOf(0xffc00007), 7);
  });

  it('is its own for as long as it exists', (t) => {
    const ids = Array.from({ length: 100 }, createConnection);

    t.after(() => ids.forEach((id) => native.connectionFree(id)));
    assert.strictEqual(new Set(ids.map(slotOf)).size, 100);
    assert.ok(ids.every((id) => slotOf(id) < 1000));
  });

  it('is used again by another connection, with another number', (t) => {
    const first = createConnection();

    native.connectionFree(first);

    const second = createConnection();

    t.after(() => native.connectionFree(second));
    assert.strictEqual(slotOf(second), slotOf(first));
    assert.notStrictEqual(second, first);
  });
});

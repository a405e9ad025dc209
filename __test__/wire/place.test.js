'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const native = require('../../lib/native');
const placeOf = require('../../lib/wire/place');

const createConnection = () => native.connectionCreate(true, 0, 0, 0, 0);

describe('The place of a native connection', () => {
  it('is the low 22 bits of its number', () => {
    assert.strictEqual(placeOf(0), 0);
    assert.strictEqual(placeOf(5), 5);
    assert.strictEqual(placeOf(0x003fffff), 0x3fffff);
    assert.strictEqual(placeOf(0x00400000), 0);
    assert.strictEqual(placeOf(0x00400005), 5);
    assert.strictEqual(placeOf(0xffc00007), 7);
  });

  it('is its own for as long as it exists', (t) => {
    const ids = Array.from({ length: 100 }, createConnection);

    t.after(() => ids.forEach((id) => native.connectionFree(id)));
    assert.strictEqual(new Set(ids.map(placeOf)).size, 100);
    assert.ok(ids.every((id) => placeOf(id) < 1000));
  });

  it('is used again by another connection, with another number', (t) => {
    const first = createConnection();

    native.connectionFree(first);

    const second = createConnection();

    t.after(() => native.connectionFree(second));
    assert.strictEqual(placeOf(second), placeOf(first));
    assert.notStrictEqual(second, first);
  });
});

'use strict';

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
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
    assert.strictEqual(slotOf(512 * 2 ** 22 + 5), 5);
    assert.strictEqual(slotOf(2 ** 53 - 1), 0x3fffff);
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

describe('Whoever keeps an id', () => {
  const lib = path.join(__dirname, '..', '..', 'lib');

  for (const [file, make] of [
    ['connection/decoder', 'new Kind({ extensions: {} }, id)'],
    [
      'connection/light-connection',
      'Object.assign(new Kind(null, null), { id })'
    ],
    ['wire/frame-callbacks', 'new Kind(id)'],
    ['wire/frame-queue', 'new Kind(null, id)'],
    ['wire/stream-writer', 'new Kind(null, id, {})']
  ]) {
    it(`has one hidden class, whatever the id, in ${file}`, () => {
      const program = `
        const Kind = require(${JSON.stringify(path.join(lib, file))});
        const make = (id) => ${make};
        const small = make(1);

        console.log(%HaveSameMap(small, make(2 ** 40)));
      `;
      const args = ['--allow-natives-syntax', '-e', program];

      assert.strictEqual(
        execFileSync(process.execPath, args, { encoding: 'utf8' }),
        'true\n'
      );
    });
  }
});

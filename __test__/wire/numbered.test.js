'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const Numbered = require('../../lib/wire/numbered');

describe('Numbered', () => {
  it('gives each thing back once', () => {
    const things = new Numbered();
    const a = things.add('a');
    const b = things.add('b');

    assert.notStrictEqual(a, b);
    assert.strictEqual(things.take(b), 'b');
    assert.strictEqual(things.take(a), 'a');
    assert.strictEqual(things.take(a), undefined);
    assert.notStrictEqual(things.add('c'), things.add('d'));
    assert.notStrictEqual(things.add('e'), things.add('f'));
  });

  it('goes through those that are there, some of which may be taken meanwhile', () => {
    const things = new Numbered();
    const numbers = ['a', 'b', 'c', 'd'].map((thing) => things.add(thing));
    const seen = [];

    things.take(numbers[1]);
    assert.strictEqual(things.size, 3);

    for (const thing of things) {
      seen.push(thing);
      if (thing === 'a') things.take(numbers[2]);
    }

    assert.deepStrictEqual(seen, ['a', 'd']);
    assert.strictEqual(things.size, 2);
  });

  it('keeps nothing of what was taken, and no more room than was needed at once', () => {
    const things = new Numbered();

    for (let i = 0; i < 1000; i++) {
      const numbers = [things.add({}), things.add({})];

      assert.ok(numbers.every((number) => number < 2));
      numbers.forEach((number) => things.take(number));
    }

    assert.ok(things._things.every((thing) => thing === undefined));
  });
});

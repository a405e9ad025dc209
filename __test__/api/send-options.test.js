'use strict';

const assert = require('node:assert');
const { afterEach, test } = require('node:test');

const ownOptions = require('../../lib/api/send-options');

const NAMES = ['binary', 'mask', 'compress', 'fin'];

afterEach(() => {
  for (const name of NAMES) delete Object.prototype[name];
});

/** What `send()` sees. */
function seen(options) {
  const own = ownOptions(options);

  return Object.fromEntries(
    NAMES.filter((name) => name in own).map((name) => [name, own[name]])
  );
}

test('own options are seen, whatever their values are', () => {
  assert.deepStrictEqual(seen({ binary: undefined, fin: 0, other: 1 }), {
    binary: undefined,
    fin: 0
  });
});

test('what is no object has no options', () => {
  for (const options of [undefined, null, 1, 'binary', true, Symbol('fin')]) {
    assert.deepStrictEqual(seen(options), {});
  }
});

test('what a program puts on Object.prototype is no option', () => {
  for (const name of NAMES) {
    Object.prototype[name] = 'foreign';
    assert.deepStrictEqual(seen({}), {});
    assert.deepStrictEqual(seen(undefined), {});
    assert.deepStrictEqual(seen({ [name]: 'own', other: 1 }), {
      [name]: 'own'
    });
    delete Object.prototype[name];

    // What is not enumerable is found by `in` as well.
    Object.defineProperty(Object.prototype, name, {
      configurable: true,
      value: 'foreign'
    });
    assert.deepStrictEqual(seen({}), {});
    delete Object.prototype[name];
  }
});

test('what a class has on its prototype is no option', () => {
  class Options {
    get fin() {
      return false;
    }
  }

  assert.deepStrictEqual(seen(new Options()), {});
  assert.deepStrictEqual(seen(Object.create({ mask: true })), {});
});

test('each is read once', () => {
  const reads = [];
  const options = new Proxy(
    { binary: true, fin: true, other: 1 },
    {
      get(target, name) {
        reads.push(name);
        return target[name];
      }
    }
  );

  assert.deepStrictEqual(seen(options), { binary: true, fin: true });
  assert.deepStrictEqual(reads, ['binary', 'fin', 'other']);
});

test('the options themselves are not changed', () => {
  const options = Object.freeze({ binary: true });

  Object.prototype.fin = false;
  assert.deepStrictEqual(seen(options), { binary: true });
  assert.strictEqual(Object.getPrototypeOf(options), Object.prototype);
});

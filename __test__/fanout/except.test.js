'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { readExcept } = require('../../lib/fanout/except');
const { openDuplexPair } = require('../support/pairs');

describe('readExcept()', () => {
  it('makes a set of one WebSocket, and of an iterable', (t) => {
    const { client, peer } = openDuplexPair(t);
    const set = new Set([client]);

    assert.strictEqual(readExcept(set), set);
    assert.deepStrictEqual([...readExcept(peer)], [peer]);
    assert.deepStrictEqual([...readExcept([client, peer])], [client, peer]);
    assert.deepStrictEqual([...readExcept(new Map().keys())], []);
  });

  it('takes what looks like a WebSocket of another package for one', () => {
    const foreign = { readyState: 1 };

    assert.deepStrictEqual([...readExcept(foreign)], [foreign]);
  });

  it('gives null for nothing', () => {
    assert.strictEqual(readExcept(undefined), null);
    assert.strictEqual(readExcept(null), null);
  });

  it('refuses a list with something else in it', (t) => {
    const { peer } = openDuplexPair(t);

    for (const wrong of ['a', 1, {}, () => false]) {
      assert.throws(() => readExcept([peer, wrong]), {
        name: 'TypeError',
        message: /something that is no WebSocket/
      });
    }
  });

  it('refuses anything else', () => {
    for (const wrong of ['a', 1, true, Symbol('a'), {}]) {
      assert.throws(() => readExcept(wrong), {
        name: 'TypeError',
        message: /"except" is a WebSocket/
      });
    }
  });
});

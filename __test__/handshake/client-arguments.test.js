'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { normalizeArguments } = require('../../lib/handshake/client-arguments');

describe('normalizeArguments', () => {
  it('takes an object in second place for the options', () => {
    const options = { protocols: 'a' };

    assert.deepStrictEqual(normalizeArguments(options), {
      protocols: ['a'],
      options
    });
  });

  it('uses `options.protocols` only without a `protocols` argument', () => {
    const options = { protocols: ['x', 'y'] };
    const protocols = (argument) =>
      normalizeArguments(argument, options).protocols;

    assert.deepStrictEqual(protocols(undefined), ['x', 'y']);
    assert.deepStrictEqual(protocols([]), []);
    assert.deepStrictEqual(protocols('a'), ['a']);
  });

  it('leaves it to `connect()` to refuse null', () => {
    assert.deepStrictEqual(normalizeArguments(null), {
      protocols: [null],
      options: {}
    });
    assert.deepStrictEqual(normalizeArguments({ protocols: null }).protocols, [
      null
    ]);
  });

  it('does without any argument', () => {
    assert.deepStrictEqual(normalizeArguments(undefined, null), {
      protocols: [],
      options: {}
    });
  });
});

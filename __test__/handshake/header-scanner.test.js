'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const HeaderScanner = require('../../lib/handshake/header-scanner');

function unexpectedAt(index) {
  return {
    name: 'SyntaxError',
    message: `Unexpected character at index ${index}`
  };
}

const UNEXPECTED_END = {
  name: 'SyntaxError',
  message: 'Unexpected end of input'
};

describe('HeaderScanner', () => {
  it('reads tokens and separators up to the end', () => {
    const scanner = new HeaderScanner('a \t,\t b;c');

    assert.strictEqual(scanner.token(), 'a');
    assert.strictEqual(scanner.separator(',;'), ',');
    assert.strictEqual(scanner.token(), 'b');
    assert.strictEqual(scanner.separator(',;'), ';');
    assert.strictEqual(scanner.token(), 'c');
    assert.strictEqual(scanner.separator(',;'), '');
  });

  it('throws if there is no token', () => {
    assert.throws(() => new HeaderScanner('').token(), UNEXPECTED_END);
    assert.throws(() => new HeaderScanner(' a').token(), unexpectedAt(0));
    assert.throws(() => new HeaderScanner('é').token(), unexpectedAt(0));
  });

  it('is at its end at once if the value has no length', () => {
    for (const value of [1, {}, true, [], new ArrayBuffer(3)]) {
      assert.throws(() => new HeaderScanner(value).token(), UNEXPECTED_END);
    }
  });

  it('throws if another character than a separator follows', () => {
    const scanner = new HeaderScanner('a ;b');

    scanner.token();
    assert.throws(() => scanner.separator(','), unexpectedAt(2));
  });

  it('throws if white space ends the value', () => {
    const scanner = new HeaderScanner('a ');

    scanner.token();
    assert.throws(() => scanner.separator(','), UNEXPECTED_END);
  });

  it('steps over a character only if it comes next', () => {
    const scanner = new HeaderScanner('=a');

    assert.strictEqual(scanner.skip(';'), false);
    assert.strictEqual(scanner.skip('='), true);
    assert.strictEqual(scanner.skip('='), false);
    assert.strictEqual(scanner.token(), 'a');
    assert.strictEqual(scanner.skip('a'), false);
  });

  it('takes the quotes and escapes off a quoted token', () => {
    const scanner = new HeaderScanner('"a\\bc",d');

    assert.strictEqual(scanner.tokenOrQuoted(), 'abc');
    assert.strictEqual(scanner.separator(','), ',');
    assert.strictEqual(scanner.tokenOrQuoted(), 'd');
  });

  it('throws if a quoted string does not hold a token', () => {
    const cases = [
      ['""', unexpectedAt(1)],
      ['"a b"', unexpectedAt(2)],
      ['"a\\""', unexpectedAt(3)],
      ['"a', UNEXPECTED_END],
      ['"a\\', UNEXPECTED_END],
      ['"', UNEXPECTED_END]
    ];

    for (const [value, error] of cases) {
      assert.throws(() => new HeaderScanner(value).tokenOrQuoted(), error);
    }
  });
});

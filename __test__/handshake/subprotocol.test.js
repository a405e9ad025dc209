'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { parse } = require('../../lib/handshake/subprotocol');

describe('parse', () => {
  it('keeps the order of preference', () => {
    assert.deepStrictEqual([...parse('b, a ,c\t,\td')], ['b', 'a', 'c', 'd']);
  });

  it('tells upper case from lower case', () => {
    assert.deepStrictEqual(parse('chat,Chat'), new Set(['chat', 'Chat']));
  });

  it('throws if a subprotocol is named twice', () => {
    for (const value of ['a,a', 'a,b,a', 'a , a']) {
      assert.throws(() => parse(value), {
        name: 'SyntaxError',
        message: 'The "a" subprotocol is duplicated'
      });
    }
  });

  it('throws an error that says where the value is malformed', () => {
    const cases = [
      ['', 'Unexpected end of input'],
      ['a,', 'Unexpected end of input'],
      ['a ', 'Unexpected end of input'],
      [',a', 'Unexpected character at index 0'],
      ['a,,b', 'Unexpected character at index 2'],
      ['a b', 'Unexpected character at index 2'],
      ['a;b', 'Unexpected character at index 1'],
      ['"a"', 'Unexpected character at index 0'],
      ['a\r\nb', 'Unexpected character at index 1']
    ];

    for (const [value, message] of cases) {
      assert.throws(() => parse(value), { name: 'SyntaxError', message });
    }
  });
});

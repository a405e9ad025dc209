'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { foreignPrivates } = require('../scripts/check-privates');

describe('foreignPrivates', () => {
  it('finds what is read, written or called on something else', () => {
    const text = [
      'const a = other._secret;',
      'other._written = 1;',
      'other?._called();',
      'this.child._deep++;'
    ].join('\n');

    assert.deepStrictEqual(foreignPrivates(text), [
      '1: _secret',
      '2: _written',
      '3: _called',
      '4: _deep'
    ]);
  });

  it('finds what is taken out by a pattern', () => {
    assert.deepStrictEqual(
      foreignPrivates('const { _a: a, b } = other;\nconst { c, _d } = other;'),
      ['1: _a', '2: _d']
    );
  });

  it('lets through what the file has itself, on this or on others', () => {
    const text = [
      'class A {',
      '  constructor() {',
      '    this._field = 1;',
      '  }',
      '',
      '  _method() {}',
      '',
      '  get _getter() {}',
      '}',
      'function f(a) {',
      '  return a._field + a._method() + a._getter;',
      '}'
    ].join('\n');

    assert.deepStrictEqual(foreignPrivates(text), []);
  });

  it('finds what a file only reads on this and another one has', () => {
    assert.deepStrictEqual(
      foreignPrivates('f(this._inherited);\nf(other._inherited);'),
      ['2: _inherited']
    );
  });

  it("lets through the names of Node and of ws, and this's and super's", () => {
    const text = [
      'socket._handle.fd;',
      'websocket._readyState = 3;',
      'this._anything();',
      'super._write(chunk);'
    ].join('\n');

    assert.deepStrictEqual(foreignPrivates(text), []);
  });

  it('lets comments through', () => {
    assert.deepStrictEqual(
      foreignPrivates('/* a\n b._c */\n// d._e\n/** f._g */'),
      []
    );
  });
});

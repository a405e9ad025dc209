'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { WebSocket } = require('../support/implementation');
const { format, parse } = require('../../lib/handshake/extension');

/** Objects as `parse()` makes them have no prototype. */
function bare(properties) {
  return Object.assign(Object.create(null), properties);
}

describe('parse', () => {
  it('parses what browsers send', () => {
    assert.deepStrictEqual(
      parse('permessage-deflate; client_max_window_bits'),
      bare({ 'permessage-deflate': [bare({ client_max_window_bits: [true] })] })
    );
  });

  it('keeps several offers of one extension in order', () => {
    assert.deepStrictEqual(
      parse('a; x=1, b, a; x="2"; x, a'),
      bare({
        a: [bare({ x: ['1'] }), bare({ x: ['2', true] }), bare({})],
        b: [bare({})]
      })
    );
  });

  it('takes __proto__ for a name like any other', () => {
    const extensions = parse('__proto__; __proto__=1');

    assert.deepStrictEqual(Object.keys(extensions), ['__proto__']);
    assert.deepStrictEqual(Object.entries(extensions['__proto__'][0]), [
      ['__proto__', ['1']]
    ]);
  });

  it('throws an error that says where the value is malformed', () => {
    const cases = [
      ['', 'Unexpected end of input'],
      ['a;', 'Unexpected end of input'],
      ['a; b=', 'Unexpected end of input'],
      ['a; b="c', 'Unexpected end of input'],
      ['a,,b', 'Unexpected character at index 2'],
      ['a=1', 'Unexpected character at index 1'],
      ['a; b = c', 'Unexpected character at index 5'],
      ['a; b="c"d', 'Unexpected character at index 8'],
      ['a; b=""', 'Unexpected character at index 6'],
      ['a; b=c=d', 'Unexpected character at index 6'],
      ['a; b\u0100', 'Unexpected character at index 4']
    ];

    for (const [value, message] of cases) {
      assert.throws(() => parse(value), { name: 'SyntaxError', message });
    }
  });
});

describe('format', () => {
  it('writes a parameter without a value as its bare name', () => {
    assert.strictEqual(format({ a: { b: true, c: 10 } }), 'a; b; c=10');
  });

  it('writes every offer and every value', () => {
    assert.strictEqual(
      format({ a: [{ x: [1, 2] }, {}], b: {} }),
      'a; x=1; x=2, a, b'
    );
  });

  it('is the reverse of parse', () => {
    const value = 'a; x=1; x, b, c; y=z, c';

    assert.strictEqual(format(parse(value)), value);
  });

  it('gives an empty string for no extensions', () => {
    assert.strictEqual(format({}), '');
  });

  it('leaves a place for a parameter that has no values', () => {
    assert.strictEqual(format({ a: [{ b: [], c: 1 }] }), 'a; ; c=1');
  });
});

describe('What a program puts in the place of both', () => {
  it('is called by servers, and by no client', async (t) => {
    const { extension } = WebSocket;
    const wss = new WebSocket.Server({ perMessageDeflate: true, port: 0 });

    await once(wss, 'listening');

    const calls = ['format', 'parse'].map((name) =>
      t.mock.method(extension, name)
    );
    const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);

    await once(client, 'open');
    client.terminate();
    wss.close();
    assert.deepStrictEqual(
      calls.map((method) => method.mock.callCount()),
      [1, 1]
    );
  });
});

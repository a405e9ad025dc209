'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { channelOf, tokenOf } = require('../../lib/adapters/names');

/** Names that some encoding or other would confuse. */
const NAMES = [
  '',
  ' ',
  '.',
  '*',
  '>',
  '%',
  '%25',
  '%2E',
  '%uD800',
  'a.b',
  'a b',
  'a\tb\r\n',
  'a\0b',
  'ä',
  'a\u0308',
  '\u{1f600}',
  '\ud800',
  '\udc00',
  '\udc00\ud800',
  '\ufffd',
  '\ufffdd800',
  '\ufffd\ud800',
  'rooms/1?x=(y)!~\'"',
  'x'.repeat(1024),
  'x'.repeat(1025),
  `${'x'.repeat(1025)}y`,
  '\u{1f600}'.repeat(5000),
  'sha256-',
  'toString',
  '__proto__'
];

for (const [what, encode] of Object.entries({ channelOf, tokenOf })) {
  describe(what, () => {
    it('is another one for each name', () => {
      const encoded = NAMES.map(encode);

      assert.strictEqual(new Set(encoded).size, NAMES.length);
    });

    it('is well-formed, so that it is the same when it comes back', () => {
      for (const name of NAMES) {
        const text = encode(name);

        assert.strictEqual(Buffer.from(text).toString(), text);
      }
    });
  });
}

describe('The channel of a name', () => {
  it('is the name', () => {
    for (const name of ['', 'room 1', 'a.b*', 'ä\u{1f600}\0']) {
      assert.strictEqual(channelOf(name), name);
    }
  });

  it('is spelled out if Redis could not give the name back', () => {
    assert.strictEqual(channelOf('\ud800'), '\ufffdd800');
    assert.strictEqual(channelOf('a\udc00'), '\ufffd0061dc00');
    assert.strictEqual(channelOf('\ufffd!'), '\ufffdfffd0021');
  });
});

describe('The token of a name', () => {
  it('is one that a subject may have, and not too long', () => {
    for (const name of NAMES) {
      assert.match(tokenOf(name), /^[\w%!~'()-]{1,1024}$/, name);
    }
  });

  it('is what docs/scaling.md says', () => {
    assert.strictEqual(tokenOf('room-1'), 'room-1');
    assert.strictEqual(tokenOf('a.b *>'), 'a%2Eb%20%2A%3E');
    assert.strictEqual(tokenOf('ä\u{1f600}'), '%C3%A4%F0%9F%98%80');
    assert.strictEqual(tokenOf(''), '%');
    assert.strictEqual(tokenOf('a\ud800'), 'a%uD800');
    assert.strictEqual(
      tokenOf('x'.repeat(1025)),
      '%sha256-c6d8e9905300876046729949cc95c2385221270d389176f7234fe7ac00c4e430'
    );
  });
});

'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { decode, encode, ORIGIN_LENGTH } = require('../../lib/fanout/envelope');
const SharedMessage = require('../../lib/fanout/message');

const OWN = Buffer.alloc(ORIGIN_LENGTH, 7);
const OTHER = Buffer.from('0123456789abcdef');

describe('An envelope', () => {
  it('is a version, flags, the origin and the message', () => {
    assert.deepStrictEqual(
      encode(OTHER, new SharedMessage('hé')),
      Buffer.concat([Buffer.from([1, 0]), OTHER, Buffer.from('hé')])
    );
    assert.deepStrictEqual(
      encode(
        OTHER,
        new SharedMessage(Buffer.from([0, 255]), { compress: false })
      ),
      Buffer.concat([Buffer.from([1, 3]), OTHER, Buffer.from([0, 255])])
    );
  });

  it('gives back what was put in', () => {
    for (const [data, options] of [
      ['', { binary: false, compress: true }],
      ['\u{1f600}', { binary: false, compress: false }],
      [Buffer.alloc(0), { binary: true, compress: true }],
      [Buffer.from([0, 255, 128]), { binary: true, compress: false }],
      [Buffer.from('text'), { binary: false, compress: true }]
    ]) {
      const envelope = encode(OTHER, new SharedMessage(data, options));
      const message = decode(envelope, OWN);

      assert.deepStrictEqual(message, { data: Buffer.from(data), options });
    }
  });

  it('is nothing if it is of this process', () => {
    assert.strictEqual(decode(encode(OWN, new SharedMessage('a')), OWN), null);
  });

  it('may be any Uint8Array', () => {
    const bytes = encode(OTHER, new SharedMessage('text'));
    const view = new Uint8Array([9, ...bytes, 9]).subarray(1, -1);

    assert.strictEqual(decode(view, OWN).data.toString(), 'text');
  });

  const head = [1, 0, ...OTHER];

  for (const [what, data, reason] of [
    ['nothing', undefined, /it is no Uint8Array/],
    ['a string', 'hello', /it is no Uint8Array/],
    ['no bytes', Buffer.alloc(0), /it has 0 bytes, and the shortest has 18/],
    ['too few bytes', Buffer.from(head.slice(0, 17)), /it has 17 bytes/],
    ['JSON', Buffer.from('{"type":"chat","text":"hi"}'), /begins with 123/],
    ['another version', Buffer.from([2, ...head.slice(1)]), /begins with 2/],
    ['unknown flags', Buffer.from([1, 4, ...OTHER]), /its flags are 4/],
    ['text that is not UTF-8', Buffer.from([...head, 0xff]), /is not UTF-8/]
  ]) {
    it(`is refused if it is ${what}`, () => {
      assert.throws(() => decode(data, OWN), {
        code: 'WS_RS_FOREIGN_MESSAGE',
        message: reason
      });
    });
  }
});

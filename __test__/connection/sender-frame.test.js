'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const Sender = require('../../lib/connection/sender');
const { hex } = require('../support/events');

describe('Sender.frame', () => {
  const UNMASKED = { fin: true, mask: false, opcode: 2, readOnly: true };

  it('gives the header and the payload, which stays what it is', () => {
    const data = Buffer.from('abc');
    const list = Sender.frame(data, UNMASKED);

    assert.deepStrictEqual(list, [hex('82 03'), data]);
    assert.strictEqual(list[1], data);
  });

  it('gives one chunk if there is no payload', () => {
    const empty = Buffer.alloc(0);

    assert.deepStrictEqual(Sender.frame(empty, UNMASKED), [hex('82 00')]);
    assert.deepStrictEqual(
      Sender.frame(empty, {
        ...UNMASKED,
        generateMask: (mask) => mask.fill(1),
        mask: true,
        maskBuffer: Buffer.alloc(4)
      }),
      [hex('82 80 01 01 01 01')]
    );
  });

  it('writes lengths in 1, 3 and 9 bytes', () => {
    for (const [length, header] of [
      [125, '82 7d'],
      [126, '82 7e 00 7e'],
      [65535, '82 7e ff ff'],
      [65536, '82 7f 00 00 00 00 00 01 00 00']
    ]) {
      const [first] = Sender.frame(Buffer.alloc(length), UNMASKED);

      assert.deepStrictEqual(first, hex(header));
    }
  });

  it('sets the bits of the first byte', () => {
    const bits = { fin: false, opcode: 1, rsv1: true };
    const [header] = Sender.frame(Buffer.alloc(0), { ...UNMASKED, ...bits });

    assert.deepStrictEqual(header, hex('41 00'));
  });

  it('makes a byte of any opcode', () => {
    for (const [opcode, first] of [
      [1000, 0xe8],
      ['9', 9],
      [undefined, 0],
      [{ valueOf: () => 2 }, 2],
      [-1, 0xff]
    ]) {
      const [header] = Sender.frame(Buffer.alloc(0), { opcode });

      assert.deepStrictEqual(header, Buffer.from([first, 0]));
    }
    assert.throws(
      () => Sender.frame(Buffer.alloc(0), { opcode: 1n }),
      TypeError
    );
  });

  it('takes an array of bytes, and what has no length for nothing', () => {
    const list = [97, 98];

    assert.deepStrictEqual(Sender.frame(list, UNMASKED), [hex('82 02'), list]);
    assert.deepStrictEqual(Sender.frame(5, UNMASKED), [hex('82 00')]);
    assert.deepStrictEqual(
      Sender.frame(list, {
        ...UNMASKED,
        generateMask: (mask) => mask.set([1, 2, 3, 4]),
        mask: true,
        maskBuffer: null
      }),
      [hex('82 82 01 02 03 04 60 60')]
    );
  });

  // RFC 6455, section 5.7.
  const HELLO = hex('81 85 37 fa 21 3d 7f 9f 4d 51 58');
  const MASKED = {
    fin: true,
    generateMask: (mask) => mask.set([0x37, 0xfa, 0x21, 0x3d]),
    mask: true,
    maskBuffer: Buffer.alloc(4),
    opcode: 1
  };

  it('does not change what is read-only when it masks', () => {
    const data = Buffer.from('Hello');
    const list = Sender.frame(data, { ...MASKED, readOnly: true });

    assert.deepStrictEqual(Buffer.concat(list), HELLO);
    assert.deepStrictEqual(data, Buffer.from('Hello'));
  });

  it('masks in place what is not read-only', () => {
    const data = Buffer.from('Hello');
    const list = Sender.frame(data, { ...MASKED, readOnly: false });

    assert.deepStrictEqual(Buffer.concat(list), HELLO);
    assert.strictEqual(list.at(-1), data);
  });

  it('takes a string', () => {
    const list = Sender.frame('Hello', MASKED);

    assert.deepStrictEqual(Buffer.concat(list), HELLO);
  });

  it('does not mask with a key of zeros, but says that it does', () => {
    const list = Sender.frame(Buffer.from('Hi'), {
      ...MASKED,
      generateMask: (mask) => mask.fill(0),
      readOnly: true
    });

    assert.deepStrictEqual(Buffer.concat(list), hex('81 82 00000000 4869'));
  });

  it('masks with another random key each time', () => {
    const keys = new Set();
    const options = { fin: true, mask: true, opcode: 2, readOnly: true };

    for (let i = 0; i < 16; i++) {
      const [frame] = Sender.frame(Buffer.alloc(4), options);

      keys.add(frame.subarray(2, 6).toString('hex'));
    }

    assert.ok(keys.size > 1);
  });
});

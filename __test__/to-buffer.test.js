'use strict';

const assert = require('node:assert');
const { PassThrough } = require('node:stream');
const { describe, it } = require('node:test');

const toBuffer = require('../lib/to-buffer');

describe('toBuffer', () => {
  it('gives a buffer back, and the bytes of a string', () => {
    const buffer = Buffer.from('abc');

    assert.strictEqual(toBuffer(buffer), buffer);
    assert.deepStrictEqual(toBuffer('é'), Buffer.from('c3a9', 'hex'));
  });

  it('gives the very bytes of other views', () => {
    const { buffer } = new Uint8Array([0, 1, 2, 3]);

    for (const view of [
      new Uint8Array(buffer, 1, 2),
      new DataView(buffer, 1, 2)
    ]) {
      const bytes = toBuffer(view);

      assert.deepStrictEqual(bytes, Buffer.from([1, 2]));
      assert.strictEqual(bytes.buffer, buffer);
    }
  });

  it('throws what a stream throws for anything else', () => {
    for (const chunk of [undefined, null, 5, {}, [1], new ArrayBuffer(1)]) {
      let error;

      try {
        new PassThrough().write(chunk);
      } catch (err) {
        error = err;
      }

      const { code, message } = error;

      assert.throws(() => toBuffer(chunk), { code, message });
    }
  });
});

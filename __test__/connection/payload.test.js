'use strict';

const assert = require('node:assert');
const { Blob } = require('node:buffer');
const { describe, it } = require('node:test');

const {
  byteLength,
  isBlobPayload,
  toPayload
} = require('../../lib/connection/payload');

/** The memory 00 01 02 03 04 05 06 07. */
function memory() {
  return Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7).buffer;
}

describe('toPayload', () => {
  it('leaves strings, Buffers and blobs as they are', () => {
    const buffer = Buffer.from('a');
    const blob = new Blob(['a']);

    assert.strictEqual(toPayload('a'), 'a');
    assert.strictEqual(toPayload(''), '');
    assert.strictEqual(toPayload(buffer), buffer);
    assert.strictEqual(toPayload(blob), blob);
  });

  it('gives the bytes of an ArrayBuffer without copying them', () => {
    const bytes = memory();
    const payload = toPayload(bytes);

    assert.ok(Buffer.isBuffer(payload));
    assert.strictEqual(payload.toString('hex'), '0001020304050607');
    assert.strictEqual(payload.buffer, bytes);
    assert.strictEqual(toPayload(new ArrayBuffer(0)).length, 0);
  });

  it('gives the part of the memory that a view shows', () => {
    const bytes = memory();

    for (const view of [
      new Uint8Array(bytes, 2, 4),
      new Uint16Array(bytes, 2, 2),
      new Float32Array(bytes, 4, 1),
      new DataView(bytes, 1, 3)
    ]) {
      const payload = toPayload(view);

      assert.ok(Buffer.isBuffer(payload));
      assert.strictEqual(payload.buffer, bytes);
      assert.strictEqual(payload.byteOffset, view.byteOffset);
      assert.strictEqual(payload.length, view.byteLength);
    }
  });

  it('takes whatever else Buffer.from() takes', () => {
    assert.strictEqual(toPayload([1, 2, 255]).toString('hex'), '0102ff');
    assert.strictEqual(
      toPayload(new SharedArrayBuffer(2)).toString('hex'),
      '0000'
    );
    assert.strictEqual(toPayload(Object('text')).toString(), 'text');
  });

  it('throws a TypeError for what has no bytes', () => {
    for (const data of [undefined, null, 1, true, {}, () => {}, Symbol('a')]) {
      assert.throws(() => toPayload(data), TypeError);
    }
  });
});

describe('isBlobPayload', () => {
  it('is true for blobs alone', () => {
    assert.strictEqual(isBlobPayload(new Blob([])), true);
    assert.strictEqual(isBlobPayload('a'), false);
    assert.strictEqual(isBlobPayload(Buffer.from('a')), false);
  });
});

describe('byteLength', () => {
  it('is the length of the frame, of strings as UTF-8', () => {
    assert.strictEqual(byteLength(''), 0);
    assert.strictEqual(byteLength('ascii'), 5);
    assert.strictEqual(byteLength('\u20ac'), 3);
    assert.strictEqual(byteLength('\u{1f600}'), 4);
    // A lone surrogate is sent as U+FFFD.
    assert.strictEqual(byteLength('\ud800'), 3);
    assert.strictEqual(byteLength(Buffer.alloc(300)), 300);
    assert.strictEqual(byteLength(new Blob(['\u20ac', 'a'])), 4);
  });
});

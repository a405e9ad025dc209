'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const {
  isBlob,
  isValidStatusCode,
  isValidUTF8,
  tokenChars
} = require('../lib/validation');

describe('isBlob', () => {
  it('knows blobs and files', () => {
    const { File } = require('node:buffer');

    assert.strictEqual(isBlob(new Blob(['a'])), true);
    assert.strictEqual(isBlob(new File(['a'], 'a.txt')), true);
  });

  it('knows the blob of a polyfill', () => {
    const polyfilled = {
      [Symbol.toStringTag]: 'Blob',
      arrayBuffer: async () => new ArrayBuffer(1),
      size: 1,
      stream() {},
      type: ''
    };

    assert.strictEqual(isBlob(polyfilled), true);
  });

  it('asks no other object for its tag', () => {
    const other = {
      get [Symbol.toStringTag]() {
        throw new Error('not to be asked');
      }
    };

    assert.strictEqual(isBlob(other), false);
  });

  it('does not ask for the size of a blob', () => {
    const unsized = {
      [Symbol.toStringTag]: 'File',
      arrayBuffer() {},
      stream() {},
      type: ''
    };

    assert.strictEqual(isBlob(unsized), true);
  });

  it('knows nothing else', () => {
    const others = [
      undefined,
      null,
      'Blob',
      1,
      {},
      [],
      () => {},
      Buffer.from('a'),
      new ArrayBuffer(1),
      { [Symbol.toStringTag]: 'Blob' },
      { [Symbol.toStringTag]: 'Blob', arrayBuffer: () => {} },
      { arrayBuffer: () => {}, size: 1 },
      { [Symbol.toStringTag]: 'Blob', arrayBuffer() {}, size: 1, type: '' },
      { [Symbol.toStringTag]: 'Blob', arrayBuffer() {}, size: 1, stream() {} }
    ];

    for (const other of others) assert.strictEqual(isBlob(other), false);
  });
});

describe('isValidStatusCode', () => {
  it('accepts exactly the codes that may be on the wire', () => {
    const valid = [];

    for (let code = 0; code <= 0xffff; code++) {
      if (isValidStatusCode(code)) valid.push(code);
    }

    assert.deepStrictEqual(
      valid.slice(0, 12),
      [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
    );
    assert.strictEqual(valid[12], 3000);
    assert.strictEqual(valid.at(-1), 4999);
    assert.strictEqual(valid.length, 12 + 2000);
  });

  it('refuses what is not a number', () => {
    for (const code of [undefined, NaN, 'normal', {}, -1]) {
      assert.strictEqual(isValidStatusCode(code), false);
    }
  });
});

describe('isValidUTF8', () => {
  it('accepts sequences of one to four bytes', () => {
    for (const hex of ['', '24', 'c2a2', 'e282ac', 'f0908d88', 'f48fbfbf']) {
      assert.strictEqual(isValidUTF8(Buffer.from(hex, 'hex')), true, hex);
    }
  });

  it('refuses truncated, overlong, surrogate and too large sequences', () => {
    for (const hex of ['c2', 'e282', '80', 'c080', 'eda080', 'f4908080']) {
      assert.strictEqual(isValidUTF8(Buffer.from(hex, 'hex')), false, hex);
    }
  });
});

describe('tokenChars', () => {
  it('marks the visible ASCII characters that are not delimiters', () => {
    const delimiters = new Set('"(),/:;<=>?@[\\]{}');

    assert.strictEqual(tokenChars.length, 128);

    for (let code = 0; code < 128; code++) {
      const isVisible = code > 0x20 && code < 0x7f;
      const isToken = isVisible && !delimiters.has(String.fromCharCode(code));

      assert.strictEqual(tokenChars[code], isToken ? 1 : 0, `code ${code}`);
    }
  });
});

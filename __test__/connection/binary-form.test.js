'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const convert = require('../../lib/connection/binary-form');
const { create } = require('../support/decoder');
const { hex } = require('../support/events');

/** The forms of the messages in some bytes. */
function forms(binaryType, bytes) {
  const decoder = create({ binaryType });
  const kept = [];

  decoder.sink.onMessage = (data) => kept.push(data);
  decoder.feed(bytes);
  decoder.free();
  return kept;
}

describe('The form of binary messages', () => {
  it('is a Buffer as it lies in the chunk for nodebuffer', () => {
    const bytes = hex('82 02 61 62');
    const [data] = forms('nodebuffer', bytes);

    assert.ok(Buffer.isBuffer(data));
    assert.strictEqual(data.buffer, bytes.buffer);
    assert.strictEqual(String(data), 'ab');
  });

  it('is memory of its own for arraybuffer, with nothing else in it', () => {
    const [data] = forms('arraybuffer', hex('82 02 61 62  81 01 63'));

    assert.ok(data instanceof ArrayBuffer);
    assert.strictEqual(String(Buffer.from(data)), 'ab');
  });

  it('is that very memory for arraybuffer if the message fills it', () => {
    const { buffer } = new Uint8Array(hex('61 62'));

    assert.strictEqual(
      convert({ binaryType: 'arraybuffer' }, Buffer.from(buffer), 1),
      buffer
    );
  });

  it('is one Buffer for each frame for fragments, and none for no bytes', () => {
    assert.deepStrictEqual(
      forms('fragments', hex('02 01 61  80 02 62 63  82 01 64  82 00')),
      [[Buffer.from('a'), Buffer.from('bc')], [Buffer.from('d')], []]
    );
  });

  it('is a Blob of the fragments for blob', async () => {
    const [data] = forms('blob', hex('02 01 61  80 02 62 63'));

    assert.ok(data instanceof Blob);
    assert.strictEqual(await data.text(), 'abc');
  });

  it('may change the binary type for the next message', () => {
    const decoder = create();
    const types = [];

    decoder.sink.onMessage = (data) => {
      types.push(data.constructor);
      decoder.binaryType = 'arraybuffer';
    };
    decoder.feed(hex('82 01 61  82 01 62'));
    assert.deepStrictEqual(types, [Buffer, ArrayBuffer]);
    decoder.free();
  });
});

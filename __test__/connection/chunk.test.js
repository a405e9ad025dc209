'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { stored, whenSpareTaken } = require('../../lib/connection/chunk');
const native = require('../../lib/native');
const { level } = require('../../lib/native/event-rows');
const { create, finished, inflating } = require('../support/decoder');
const { hex } = require('../support/events');

describe('A chunk that was given', () => {
  it('gives slices of the chunk, not copies', () => {
    const decoder = create();
    const chunk = hex('82 02 61 62');
    let payload;

    decoder.sink.onMessage = (data) => (payload = data);
    decoder.feed(chunk);
    assert.strictEqual(payload.buffer, chunk.buffer);
    assert.deepStrictEqual(payload, Buffer.from('ab'));
    decoder.free();
  });

  it('is copied where parts are, if it lies in larger memory', () => {
    const decoder = create();
    const larger = Buffer.concat([
      hex('82 02 61 62  89 01 63'),
      Buffer.alloc(9)
    ]);
    const kept = [];

    decoder.copiesParts = true;
    decoder.sink.onMessage = (data) => kept.push(data);
    decoder.sink.onPing = (data) => kept.push(data);
    decoder.feed(larger.subarray(0, 7));
    larger.fill(0xee);
    assert.deepStrictEqual(kept.map(String), ['ab', 'c']);
    decoder.free();
  });

  it('is not copied there, if it has its memory alone', () => {
    const decoder = create();
    const { buffer } = new Uint8Array(hex('82 02 61 62'));
    let payload;

    decoder.copiesParts = true;
    decoder.sink.onMessage = (data) => (payload = data);
    decoder.feed(Buffer.from(buffer));
    assert.strictEqual(payload.buffer, buffer);
    decoder.free();
  });
});

describe('A chunk that a transport has decoded itself', () => {
  /** As the loop transport: events of a chunk in memory that it uses again. */
  function take(decoder, bytes, { isSpare = false } = {}) {
    const { buffer } = new Uint8Array(bytes);
    const { rows } = level(0);
    const chunk = Buffer.from(buffer);
    const count = native.handleBytes(decoder.id, chunk, 0, 0);

    decoder.take(buffer, isSpare, bytes.length, rows[0], count);
    chunk.fill(0xee);
    return buffer;
  }

  it('is copied: the transport may use its memory again', () => {
    const decoder = create();
    const kept = [];

    decoder.sink.onMessage = (data) => kept.push(data);
    decoder.sink.onPing = (data) => kept.push(data);
    take(decoder, hex('81 01 61  82 02 62 62  89 01 63  81 01 64'));
    assert.deepStrictEqual(kept.map(String), ['a', 'bb', 'c', 'd']);
    decoder.free();
  });

  it('is kept when it has to wait for inflation', async () => {
    const decoder = create({ extensions: inflating() });

    take(decoder, hex('c1 03 4a 04 00  81 01 62'));
    await finished(decoder);
    assert.deepStrictEqual(decoder.sink.log, ['text a', 'text b', 'done']);
    decoder.free();
  });

  it('gives its memory to a message that is most of it', () => {
    const decoder = create();
    const kept = [];
    let taken = 0;

    whenSpareTaken(() => taken++);
    decoder.sink.onMessage = (data) => kept.push(data);

    const head = hex('82 7e 40 00');
    const memory = take(
      decoder,
      Buffer.concat([head, Buffer.alloc(0x4000, 'x'), hex('81 01 61')]),
      { isSpare: true }
    );

    assert.strictEqual(taken, 1);
    assert.strictEqual(kept[0].buffer, memory);
    assert.notStrictEqual(kept[1].buffer, memory);
    assert.strictEqual(String(kept[1]), 'a');
    decoder.free();
  });

  it('does not give its memory to a short message', () => {
    const decoder = create();
    const kept = [];

    whenSpareTaken(() => assert.fail());
    decoder.sink.onMessage = (data) => kept.push(data);
    for (let i = 0; i < 3; i++) {
      const bytes = Buffer.alloc(5000);

      // The rest is the beginning of a long frame.
      hex('81 01 61  82 7e ff ff').copy(bytes);
      take(decoder, i === 0 ? bytes : Buffer.alloc(5000), { isSpare: true });
    }
    assert.deepStrictEqual(kept.map(String), ['a']);
    assert.ok(kept[0].buffer.byteLength < 2048);
    decoder.free();
  });
});

describe('A chunk whose memory a program detaches', () => {
  for (const [what, count] of [
    ['in the same batch', 3],
    ['behind it', 200]
  ]) {
    it(`ends with an error if messages ${what} are lost`, () => {
      const decoder = create();
      const chunk = Buffer.alloc(3 * count, hex('81 01 61'));
      let messages = 0;

      decoder.sink.onMessage = () => {
        if (++messages !== 2 && messages !== 64) return;
        if (count === 200 && messages === 2) return;
        structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
      };
      decoder.feed(chunk);
      assert.strictEqual(messages, count === 3 ? 2 : 64);
      assert.strictEqual(decoder.failed, true);
      assert.strictEqual(decoder.sink.log.length, 1);
      assert.match(decoder.sink.log[0], /^failed/);
      decoder.free();
    });
  }
});

describe('A payload with a Buffer of its own', () => {
  // What stands for the Buffer: few machines have memory for it.
  const standIn = (length) => ({ length, buffer: { byteLength: length } });

  it('may have 4 GiB or more, which take two numbers of its row', () => {
    for (const [start, length] of [
      [1, 0],
      [1, 5],
      [3, 0xffff_ffff]
    ]) {
      const long = standIn(start * 2 ** 32 + length);

      assert.strictEqual(stored([long], 0, start, length), long);
    }
  });

  it('is the first part of a Buffer that is longer', () => {
    const buffer = Buffer.from('abcd');
    const payloads = [buffer];
    const payload = stored(payloads, 0, 2, 1);

    assert.deepStrictEqual(payload, Buffer.from('c'));
    assert.strictEqual(payload.buffer, buffer.buffer);
    assert.deepStrictEqual(payloads, [undefined]);
  });
});

'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const native = require('../../lib/native');
const { loadNative } = require('../../lib/native/loader');
const { level } = require('../../lib/native/event-rows');
const { SIZE: ROW } = require('../../lib/native/numbers').row;
const { hex } = require('../support/events');

describe('The arrays of a nesting level', () => {
  it('are the same each time, and no two levels have the same', () => {
    const levels = [0, 1, 2, 5].map(level);

    assert.strictEqual(level(2), levels[2]);
    assert.strictEqual(new Set(levels.map(({ rows }) => rows.buffer)).size, 4);
    assert.strictEqual(new Set(levels.map(({ payloads }) => payloads)).size, 4);
  });

  it('have rows for a batch, or for the one event that was asked for', () => {
    assert.strictEqual(level(0).rows.length, 65 * ROW);
    assert.strictEqual(level(1).rows.length, 2 * ROW);
    assert.strictEqual(level(0).payloads.length, 65);
    assert.strictEqual(level(1).payloads.length, 2);
  });

  it('are written to by the native side: kind, start, length and more', (t) => {
    const id = native.connectionCreate(false, 0, 0, 0, 0);
    const chunk = hex('81 01 61  82 02 62 63');

    t.after(() => native.connectionFree(id));
    assert.strictEqual(native.handleBytes(id, chunk, 0, 2), 2);
    assert.strictEqual(level(2).rows[0], chunk.length);
    assert.deepStrictEqual(
      [...level(2).rows.subarray(ROW, 3 * ROW)],
      [...[1, 2, 1, 1], ...[2, 5, 2, 1]]
    );
  });

  // A program that replaces `Array.prototype.slice` can get hold of it.
  it('may be an array that runs JavaScript when something is put into it', (t) => {
    const binding = loadNative().createBinding();
    const id = binding.connectionCreate(true, 0, 0, 0, 0);
    // No part of Node's pool: it is taken away.
    const { buffer } = Uint8Array.from(hex('62 63  81 82 01 02 03 04 60 60'));
    const chunk = Buffer.from(buffer);
    const payloads = [undefined, undefined, undefined];
    const seen = [];

    t.after(() => binding.connectionFree(id));
    Object.defineProperty(payloads, 1, {
      set(payload) {
        seen.push(String(payload));
        // What is decoded has been.
        seen.push(chunk.toString('hex'));
        seen.push(binding.handleBytes(id, hex('81 80 01 02 03 04'), 0, 1));
        structuredClone(buffer, { transfer: [buffer] });
      }
    });

    const rows = new Uint32Array(binding.eventRows(3, payloads));

    binding.eventRows(2, [undefined, undefined]);
    binding.handleBytes(id, hex('81 83 00 00 00 00 61'), 0, 0);
    assert.strictEqual(binding.handleBytes(id, chunk, 0, 0), 2);
    assert.deepStrictEqual(seen, ['abc', '6263818201020304' + '6162', 1]);
    assert.strictEqual(chunk.length, 0);
    assert.deepStrictEqual(
      [...rows.subarray(ROW + 2, 3 * ROW)],
      [...[3, 1], ...[1, 8, 2, 1]]
    );
  });
});

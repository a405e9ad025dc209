'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { unpackRelr } = require('../../scripts/platforms/unpack-relr');

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_NOTE = 4;
const DT_RELA = 7;
const DT_RELASZ = 8;
const DT_RELRSZ = 35;
const DT_RELR = 36;
const DT_RELRENT = 37;
const DT_RELACOUNT = 0x6ffffff9;
// Where this file's contents are in memory, beyond their place in it.
const BASE = 0x10000;
const DYNAMIC = 0x100;
const RELR = 0x200;
const RELA = 0x280;
const DATA = 0x300;
const X86_64 = 62;
const ARM64 = 183;

/** A library with eight words of data, some of which are to be relocated. */
function library({
  machine = X86_64,
  relr = [],
  rela = [],
  type = PT_NOTE
} = {}) {
  const file = Buffer.alloc(0x400);
  const headers = [
    [PT_LOAD, 0, BASE, 0x400],
    [PT_DYNAMIC, DYNAMIC, BASE + DYNAMIC, 0x100],
    [type, 0x40, BASE + 0x40, 0x10]
  ];
  const dynamic = [
    [DT_RELA, BASE + RELA],
    [DT_RELASZ, rela.length * 8],
    [DT_RELACOUNT, 0],
    ...(relr.length > 0
      ? [
          [DT_RELR, BASE + RELR],
          [DT_RELRSZ, relr.length * 8],
          [DT_RELRENT, 8]
        ]
      : []),
    [0, 0]
  ];
  const words = (at, values) =>
    values.forEach((value, i) =>
      file.writeBigUInt64LE(BigInt(value), at + i * 8)
    );

  file.writeUInt16LE(machine, 18);
  words(32, [0x40]);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(headers.length, 56);
  headers.forEach(([kind, offset, address, size], i) => {
    file.writeUInt32LE(kind, 0x40 + i * 56);
    words(0x40 + i * 56 + 8, [offset, address, address, size, size, 8]);
  });
  words(DYNAMIC, dynamic.flat());
  words(RELR, relr);
  words(RELA, rela);
  words(DATA, [1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007]);
  return file;
}

/** The dynamic table, as an object by tag. */
function tags(file) {
  const found = {};

  for (let at = DYNAMIC; file.readBigUInt64LE(at) !== 0n; at += 16) {
    found[Number(file.readBigUInt64LE(at))] = Number(
      file.readBigUInt64LE(at + 8)
    );
  }
  return found;
}

describe('unpackRelr', () => {
  it('writes packed relocations out, before those that were there', () => {
    // The first word of data; then of the next 63 words the first and the third.
    const relr = [BASE + DATA, 0b1011];
    const rela = [BASE + DATA + 8 * 5, 1, 77];
    const out = unpackRelr(library({ relr, rela }));
    const found = tags(out);
    const load = 0x40 + 2 * 56;
    const [offset, address, , size] = [8, 16, 24, 32].map((at) =>
      Number(out.readBigUInt64LE(load + at))
    );

    assert.strictEqual(out.readUInt32LE(load), PT_LOAD);
    assert.strictEqual(address % 0x1000, offset % 0x1000);
    assert.ok(address >= BASE + 0x400);
    assert.deepStrictEqual(
      { [DT_RELA]: found[DT_RELA], [DT_RELASZ]: found[DT_RELASZ] },
      { [DT_RELA]: address, [DT_RELASZ]: size }
    );
    for (const tag of [DT_RELR, DT_RELRSZ, DT_RELRENT, DT_RELACOUNT]) {
      assert.strictEqual(found[tag], undefined);
    }

    const table = Array.from({ length: size / 8 }, (_, i) =>
      Number(out.readBigUInt64LE(offset + i * 8))
    );
    assert.deepStrictEqual(table, [
      ...[BASE + DATA, 8, 1000],
      ...[BASE + DATA + 8, 8, 1001],
      ...[BASE + DATA + 24, 8, 1003],
      ...rela
    ]);
  });

  it('goes on behind the words that a map of bits is for', () => {
    const relr = [BASE + DATA - 63 * 8, 0b1, 0b11];
    const out = unpackRelr(library({ relr }));

    assert.strictEqual(tags(out)[DT_RELASZ], 2 * 24);
    const offset = Number(out.readBigUInt64LE(0x40 + 2 * 56 + 8));
    assert.strictEqual(
      Number(out.readBigUInt64LE(offset + 24)),
      BASE + DATA + 8
    );
  });

  it('names them as the processor does', () => {
    const relr = [BASE + DATA];
    const kindOf = (file) =>
      Number(file.readBigUInt64LE(tags(file)[DT_RELA] - BASE + 8));
    const arm64 = unpackRelr(library({ machine: ARM64, relr }));
    const x64 = unpackRelr(library({ relr }));

    assert.deepStrictEqual([kindOf(arm64), kindOf(x64)], [1027, 8]);
    assert.throws(
      () => unpackRelr(library({ machine: 243, relr })),
      /^Error: is for neither x86-64 nor arm64$/
    );
  });

  it('leaves a library alone that has none', () => {
    const file = library({ rela: [BASE + DATA, 8, 0] });

    assert.strictEqual(unpackRelr(file), file);
  });

  it('refuses a library that has no place for them', () => {
    const file = library({ relr: [BASE + DATA], type: 6 });

    assert.throws(() => unpackRelr(file), /no note whose place could be taken/);
  });
});

'use strict';

/**
 * Debian 12 has musl 1.2.3, which knows nothing of packed relocations (RELR),
 * and a library that has some crashes there. musl 1.2.4 and newer know them,
 * and the C++ library that comes with Node's build for musl has them. So this
 * writes them out in the older form; for x86-64 and arm64.
 */

const DT_NULL = 0;
const DT_RELA = 7;
const DT_RELASZ = 8;
const DT_RELRSZ = 35;
const DT_RELR = 36;
const DT_RELRENT = 37;
const DT_RELACOUNT = 0x6ffffff9;
/** In the range of what systems may use for themselves: nobody reads it. */
const DT_UNUSED = 0x6000ffff;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_NOTE = 4;
const PAGE = 0x1000;
/** What a relocation is called that adds the library's address, by `e_machine`. */
const RELATIVE = { 62: 8n, 183: 1027n };
const RELA_SIZE = 24;
const READABLE = 4;

/**
 * @param {Buffer} file The contents of an ELF library for x86-64 or arm64
 * @return {Buffer} The same without packed relocations
 * @throws {Error} If there is no room for the others, or it is for neither
 */
function unpackRelr(file) {
  const headers = programHeaders(file);
  const dynamic = dynamicTable(file, headers);
  const at = (tag) => dynamic.find((entry) => entry.tag === tag);

  if (!at(DT_RELR)) return file;
  if (!at(DT_RELA)) throw new Error('has no other relocations to add to');
  const kind = RELATIVE[file.readUInt16LE(18)];
  if (!kind) throw new Error('is for neither x86-64 nor arm64');

  const offsetOf = (address) => {
    const { offset, start } = headers.find(
      (h) =>
        h.type === PT_LOAD && address >= h.start && address < h.start + h.size
    );
    return address - start + offset;
  };
  const relocations = unpack(
    file,
    offsetOf(at(DT_RELR).value),
    at(DT_RELRSZ).value
  ).map((address) =>
    relative(kind, address, file.readBigInt64LE(offsetOf(address)))
  );
  const old = offsetOf(at(DT_RELA).value);
  const table = Buffer.concat([
    ...relocations,
    file.subarray(old, old + at(DT_RELASZ).value)
  ]);
  // Behind everything, in the file and in memory.
  const offset = Math.ceil(file.length / PAGE) * PAGE;
  const address =
    Math.ceil(Math.max(...headers.map((h) => h.start + h.memory)) / PAGE) *
    PAGE;
  const out = Buffer.concat([file, Buffer.alloc(offset - file.length), table]);
  const note = headers.findLast(({ type }) => type === PT_NOTE);

  if (!note) throw new Error('has no note whose place could be taken');
  writeProgramHeader(out, note.at, { address, offset, size: table.length });
  write(out, at(DT_RELA), DT_RELA, address);
  write(out, at(DT_RELASZ), DT_RELASZ, table.length);
  for (const tag of [DT_RELR, DT_RELRSZ, DT_RELRENT, DT_RELACOUNT]) {
    if (at(tag)) write(out, at(tag), DT_UNUSED, 0);
  }
  return out;
}

module.exports = { unpackRelr };

function programHeaders(file) {
  const table = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);

  return Array.from({ length: file.readUInt16LE(56) }, (_, i) => {
    const at = table + i * size;
    const word = (offset) => Number(file.readBigUInt64LE(at + offset));

    return {
      at,
      type: file.readUInt32LE(at),
      ...{ offset: word(8), start: word(16), size: word(32), memory: word(40) }
    };
  });
}

function dynamicTable(file, headers) {
  const { offset } = headers.find(({ type }) => type === PT_DYNAMIC);
  const entries = [];

  for (let at = offset; ; at += 16) {
    const tag = Number(file.readBigUInt64LE(at));

    if (tag === DT_NULL) return entries;
    entries.push({ at, tag, value: Number(file.readBigUInt64LE(at + 8)) });
  }
}

// An even word is an address; an odd one says by its bits which of the next 63
// words are to be relocated, too.
function unpack(file, offset, size) {
  const addresses = [];
  let next = 0;

  for (let at = offset; at < offset + size; at += 8) {
    const word = file.readBigUInt64LE(at);

    if ((word & 1n) === 0n) {
      addresses.push(Number(word));
      next = Number(word) + 8;
    } else {
      for (let bit = 1n; bit < 64n; bit++) {
        if ((word >> bit) & 1n) addresses.push(next + (Number(bit) - 1) * 8);
      }
      next += 63 * 8;
    }
  }
  return addresses;
}

function relative(kind, address, addend) {
  const entry = Buffer.alloc(RELA_SIZE);

  entry.writeBigUInt64LE(BigInt(address), 0);
  entry.writeBigUInt64LE(kind, 8);
  entry.writeBigInt64LE(addend, 16);
  return entry;
}

function write(out, { at }, tag, value) {
  out.writeBigUInt64LE(BigInt(tag), at);
  out.writeBigUInt64LE(BigInt(value), at + 8);
}

function writeProgramHeader(out, at, { address, offset, size }) {
  const words = [offset, address, address, size, size, PAGE];

  out.writeUInt32LE(PT_LOAD, at);
  out.writeUInt32LE(READABLE, at + 4);
  words.forEach((word, i) => {
    out.writeBigUInt64LE(BigInt(word), at + 8 + i * 8);
  });
}

'use strict';

/**
 * Reads what an ELF library needs and offers: the format of Linux, Android and
 * FreeBSD, in both sizes and both orders of bytes.
 */

const { cString } = require('./bytes');

const MAGIC = 0x7f454c46;
// e_machine -> the name that Node has for it.
const MACHINES = new Map([
  [3, 'ia32'],
  [21, 'ppc64'],
  [22, 's390x'],
  [40, 'arm'],
  [62, 'x64'],
  [183, 'arm64'],
  [243, 'riscv64']
]);
const OS_ABI_FREEBSD = 9;
const SHT_DYNAMIC = 6;
const SHT_DYNSYM = 11;
const SHT_VERNEED = 0x6ffffffe;
const DT_NEEDED = 1;
const STB_LOCAL = 0;
const SHN_UNDEF = 0;

/**
 * @param {Buffer} file The contents
 * @return {Boolean} Whether it begins like an ELF file
 */
function isElf(file) {
  return file.length > 64 && file.readUInt32BE(0) === MAGIC;
}

/**
 * @param {Buffer} file The contents of an ELF file
 * @return {Object} `arch`, `bigEndian`, `exports`, `needed` and `versions`,
 *     which has, for example, `GLIBC` -> `'2.17'`: the newest that it asks for
 * @throws {Error} If it has no table of sections
 */
function readElf(file) {
  const elf = open(file);
  const sections = readSections(elf);
  const strings = (section) => sections[section.link].offset;
  const all = (type) => sections.filter((section) => section.type === type);

  return {
    format: elf.freebsd ? 'ELF, FreeBSD' : 'ELF',
    arch: MACHINES.get(elf.u16(18)) ?? `machine ${elf.u16(18)}`,
    bigEndian: elf.bigEndian,
    exports: all(SHT_DYNSYM)
      .flatMap((section) => exportedSymbols(elf, section, strings(section)))
      .sort(),
    needed: all(SHT_DYNAMIC).flatMap((section) =>
      neededLibraries(elf, section, strings(section))
    ),
    versions: newestVersions(
      all(SHT_VERNEED).flatMap((section) =>
        neededVersions(elf, section, strings(section))
      )
    )
  };
}

module.exports = { compareVersions, isElf, readElf };

// Readers of numbers in the file's own order and size.
function open(file) {
  const bigEndian = file[5] === 2;
  const wide = file[4] === 2;
  const u16 = (at) =>
    bigEndian ? file.readUInt16BE(at) : file.readUInt16LE(at);
  const u32 = (at) =>
    bigEndian ? file.readUInt32BE(at) : file.readUInt32LE(at);
  const u64 = (at) =>
    Number(bigEndian ? file.readBigUInt64BE(at) : file.readBigUInt64LE(at));

  return {
    bigEndian,
    file,
    freebsd: file[7] === OS_ABI_FREEBSD,
    u16,
    u32,
    wide,
    word: wide ? u64 : u32
  };
}

function readSections({ u16, u32, wide, word }) {
  const table = word(wide ? 40 : 32);
  const size = u16(wide ? 58 : 46);
  const count = u16(wide ? 60 : 48);

  if (table === 0 || count === 0) {
    throw new Error('has no table of sections: strip leaves it, what did not?');
  }

  return Array.from({ length: count }, (_, i) => {
    const at = table + i * size;
    return {
      type: u32(at + 4),
      offset: word(at + (wide ? 24 : 16)),
      size: word(at + (wide ? 32 : 20)),
      link: u32(at + (wide ? 40 : 24)),
      info: u32(at + (wide ? 44 : 28)),
      entrySize: word(at + (wide ? 56 : 36))
    };
  });
}

function exportedSymbols({ file, u16, u32, wide }, section, strings) {
  const names = [];

  for (let i = 0; i < section.size; i += section.entrySize) {
    const at = section.offset + i;
    const binding = file[at + (wide ? 4 : 12)] >> 4;
    const definedIn = u16(at + (wide ? 6 : 14));

    if (binding !== STB_LOCAL && definedIn !== SHN_UNDEF) {
      names.push(cString(file, strings + u32(at)));
    }
  }
  return names;
}

function neededLibraries({ file, wide, word }, section, strings) {
  const step = wide ? 16 : 8;
  const names = [];

  for (let i = 0; i < section.size; i += step) {
    const at = section.offset + i;

    if (word(at) === DT_NEEDED) {
      names.push(cString(file, strings + word(at + step / 2)));
    }
  }
  return names;
}

// A chain of libraries, each with a chain of versions.
function neededVersions({ file, u16, u32 }, section, strings) {
  const names = [];
  let at = section.offset;

  for (let left = section.info; left > 0; left--) {
    let version = at + u32(at + 8);

    for (let count = u16(at + 2); count > 0; count--) {
      names.push(cString(file, strings + u32(version + 8)));
      version += u32(version + 12);
    }
    at += u32(at + 12);
  }
  return names;
}

function newestVersions(names) {
  const newest = {};

  for (const name of names) {
    const [, library, version] = /^(\w+?)_([\d.]+)$/.exec(name) ?? [];

    if (!library) continue;
    if (!newest[library] || compareVersions(version, newest[library]) > 0) {
      newest[library] = version;
    }
  }
  return newest;
}

/**
 * @param {String} a A version such as `'2.17'`
 * @param {String} b Another
 * @return {Number} Less than zero if `a` is the older one
 */
function compareVersions(a, b) {
  const [left, right] = [a, b].map((v) => v.split('.').map(Number));

  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

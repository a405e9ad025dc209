'use strict';

/** Reads what a DLL needs and offers: the format of Windows. */

const { cString } = require('./bytes');

// The name that Node has for a machine.
const MACHINES = new Map([
  [0x14c, 'ia32'],
  [0x8664, 'x64'],
  [0xaa64, 'arm64']
]);
const PE32_PLUS = 0x20b;
// Places in the table of directories.
const EXPORTS = 0;
const IMPORTS = 1;

/**
 * @param {Buffer} file The contents
 * @return {Boolean} Whether it begins like a program or DLL of Windows
 */
function isPe(file) {
  if (file.length < 64 || file.toString('latin1', 0, 2) !== 'MZ') return false;

  const header = file.readUInt32LE(0x3c);
  return file.toString('latin1', header, header + 4) === 'PE\0\0';
}

/**
 * @param {Buffer} file The contents of a DLL
 * @return {Object} `arch`, `exports`, `needed` and `versions`, which is empty:
 *     no version is written in a DLL
 */
function readPe(file) {
  const coff = file.readUInt32LE(0x3c) + 4;
  const machine = file.readUInt16LE(coff);
  const optional = coff + 20;
  const wide = file.readUInt16LE(optional) === PE32_PLUS;
  const sections = readSections(
    file,
    optional + file.readUInt16LE(coff + 16),
    file.readUInt16LE(coff + 2)
  );
  const directory = (index) =>
    file.readUInt32LE(optional + (wide ? 112 : 96) + index * 8);

  return {
    format: 'PE',
    arch: MACHINES.get(machine) ?? `machine 0x${machine.toString(16)}`,
    exports: exportedNames(file, sections, directory(EXPORTS)).sort(),
    needed: importedDlls(file, sections, directory(IMPORTS)),
    versions: {}
  };
}

module.exports = { isPe, readPe };

function readSections(file, table, count) {
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * 40;
    return {
      address: file.readUInt32LE(at + 12),
      size: file.readUInt32LE(at + 16),
      offset: file.readUInt32LE(at + 20)
    };
  });
}

// Where in the file is what will be at this address in memory.
function offsetOf(sections, address) {
  const section = sections.find(
    (s) => address >= s.address && address < s.address + s.size
  );

  if (!section) throw new Error(`no section has address ${address}`);
  return address - section.address + section.offset;
}

function exportedNames(file, sections, address) {
  if (address === 0) return [];

  const table = offsetOf(sections, address);
  const count = file.readUInt32LE(table + 24);
  const names = offsetOf(sections, file.readUInt32LE(table + 32));

  return Array.from({ length: count }, (_, i) =>
    cString(file, offsetOf(sections, file.readUInt32LE(names + i * 4)))
  );
}

// The table ends with an entry of zeros.
function importedDlls(file, sections, address) {
  if (address === 0) return [];

  const names = [];
  const name = (at) => file.readUInt32LE(at + 12);

  for (let at = offsetOf(sections, address); name(at) !== 0; at += 20) {
    names.push(cString(file, offsetOf(sections, name(at))));
  }
  return names;
}

'use strict';

/** Reads what a library of macOS needs and offers; of one processor only. */

const { cString } = require('./bytes');

const MAGIC_64 = 0xfeedfacf;
// The name that Node has for a processor.
const PROCESSORS = new Map([
  [0x01000007, 'x64'],
  [0x0100000c, 'arm64']
]);
const SYMTAB = 0x2;
const LOAD_DYLIB = 0xc;
const LOAD_WEAK_DYLIB = 0x80000018;
const CODE_SIGNATURE = 0x1d;
const VERSION_MIN_MACOSX = 0x24;
const BUILD_VERSION = 0x32;
const N_EXTERNAL = 0x01;
const N_TYPE = 0x0e;
const N_STAB = 0xe0;

/**
 * @param {Buffer} file The contents
 * @return {Boolean} Whether it begins like a 64-bit file of macOS
 */
function isMachO(file) {
  return file.length > 32 && file.readUInt32LE(0) === MAGIC_64;
}

/**
 * @param {Buffer} file The contents of a library
 * @return {Object} `arch`, `exports`, `needed`, `signed` and `versions`, which
 *     has `macOS` -> `'11.0'`: the oldest that it says it runs on
 */
function readMachO(file) {
  const processor = file.readUInt32LE(4);
  const commands = readCommands(file);
  const some = (...types) =>
    commands.filter(({ type }) => types.includes(type));

  return {
    format: 'Mach-O',
    arch: PROCESSORS.get(processor) ?? `processor 0x${processor.toString(16)}`,
    exports: some(SYMTAB)
      .flatMap(({ at }) => exportedSymbols(file, at))
      .sort(),
    needed: some(LOAD_DYLIB, LOAD_WEAK_DYLIB).map(({ at }) =>
      cString(file, at + file.readUInt32LE(at + 8))
    ),
    signed: some(CODE_SIGNATURE).length > 0,
    versions: Object.assign(
      {},
      ...some(BUILD_VERSION, VERSION_MIN_MACOSX).map(({ at, type }) => ({
        macOS: version(
          file.readUInt32LE(at + (type === BUILD_VERSION ? 12 : 8))
        )
      }))
    )
  };
}

module.exports = { isMachO, readMachO };

function readCommands(file) {
  const commands = [];
  let at = 32;

  for (let left = file.readUInt32LE(16); left > 0; left--) {
    commands.push({ at, type: file.readUInt32LE(at) });
    at += file.readUInt32LE(at + 4);
  }
  return commands;
}

// C puts an underscore before each name; dlsym() adds it by itself.
function exportedSymbols(file, at) {
  const [table, count, strings] = [8, 12, 16].map((i) =>
    file.readUInt32LE(at + i)
  );
  const names = [];

  for (let i = 0; i < count; i++) {
    const symbol = table + i * 16;
    const type = file[symbol + 4];
    const defined = (type & N_TYPE) !== 0;

    if (type & N_EXTERNAL && !(type & N_STAB) && defined) {
      names.push(cString(file, strings + file.readUInt32LE(symbol)).slice(1));
    }
  }
  return names;
}

function version(number) {
  return `${number >>> 16}.${(number >>> 8) & 0xff}`;
}

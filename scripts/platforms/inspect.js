'use strict';

/**
 * Looks into a built binary and says what would keep it from being loaded on
 * the platform that it is for. It reads the file itself, so that each binary
 * can be checked on any machine and without tools.
 */

const fs = require('node:fs');

const { compareVersions, isElf, readElf } = require('./elf');
const { isMachO, readMachO } = require('./mach-o');
const { isPe, readPe } = require('./pe');

/** What Node calls, and all that a binary may export, but for `OF_RING`. */
const ENTRY = 'napi_register_module_v1';
/**
 * Where ring has no assembly for it, this is a function in Rust that ring's C
 * calls, and rustc exports such functions of all crates. No setting against it
 * is known. Its name has ring's version, so nobody takes it for another.
 */
const OF_RING = {
  cpus: ['ppc64', 'riscv64', 's390x'],
  name: /^ring_core_\d+_\d+_\d+__bn_mul_mont$/
};
/** A binary has up to 3 MB, that for macOS on x64. With much more nobody has stripped it. */
const MOST_BYTES = 3_500_000;

const FORMATS = {
  android: 'ELF',
  darwin: 'Mach-O',
  freebsd: 'ELF',
  linux: 'ELF',
  win32: 'PE'
};

/**
 * What is there on each system before anything is installed. For Linux without
 * libgcc_s: Alpine does not have it.
 */
const SYSTEM_LIBRARIES = {
  android: /^lib(c|dl|log|m)\.so$/,
  darwin: /^\/usr\/lib\/lib(System\.B|charset\.1|iconv\.2)\.dylib$/,
  freebsd:
    /^lib(c|m|thr|gcc_s|execinfo|kvm|memstat|util|devstat|procstat|rt|ssp)\.so\.\d+$/,
  gnu: /^(lib(c|dl|m|pthread|rt)\.so\.\d+|ld-?[\w-]*\.so\.\d+)$/,
  musl: /^libc\.(so|musl-\w+\.so\.1)$/,
  win32:
    /^(kernel32|ntdll|ws2_32|advapi32|userenv|bcrypt|bcryptprimitives|api-ms-win-(core-synch|crt-\w+)-l1-\d-0)\.dll$/i
};

/**
 * @param {String} path A binary
 * @return {Object} `format`, `arch` as `process.arch` has it, `exports`,
 *     `needed`, `versions` and `size`, the bytes of the file
 * @throws {Error} If it is of no format that any of the platforms has
 */
function inspect(path) {
  const file = fs.readFileSync(path);
  const read = [
    [isElf, readElf],
    [isMachO, readMachO],
    [isPe, readPe]
  ].find(([is]) => is(file))?.[1];

  if (!read) {
    throw new Error(
      `${path} is no library of any platform: it starts with ` +
        `${file.subarray(0, 4).toString('hex') || 'nothing'}`
    );
  }
  return { ...read(file), size: file.length };
}

/**
 * @param {Object} target An entry of scripts/targets.js
 * @param {Object} found What `inspect()` returned
 * @return {String[]} What is wrong; empty if it fits
 */
function misfits(target, found) {
  const family = libraryFamily(target);
  const foreign = found.needed.filter(
    (name) => !SYSTEM_LIBRARIES[family].test(name)
  );
  const { GLIBC } = found.versions;
  // The linkers that zig has for the others keep no list of exports.
  const other =
    found.format === 'ELF'
      ? found.exports.filter((name) => !mayExport(target, name))
      : [];
  const wrong = [];

  if (found.format !== FORMATS[target.os]) {
    wrong.push(`is ${found.format}, not ${FORMATS[target.os]}`);
  }
  if (found.arch !== target.cpu) {
    wrong.push(`is for ${found.arch}, not ${target.cpu}`);
  }
  if (foreign.length > 0) {
    wrong.push(`needs ${foreign.join(', ')}, which may not be installed`);
  }
  if (family === 'gnu' && !GLIBC) {
    wrong.push('names no version of glibc, so it was not linked with one');
  }
  if (family !== 'gnu' && GLIBC) wrong.push(`needs glibc ${GLIBC}`);
  if (target.glibc && GLIBC && compareVersions(GLIBC, target.glibc) > 0) {
    wrong.push(`needs glibc ${GLIBC}, newer than ${target.glibc}`);
  }
  if (!found.exports.includes(ENTRY)) wrong.push(`does not export ${ENTRY}`);
  if (other.length > 0) wrong.push(`exports ${other.join(', ')}, too`);
  // Only the Macs with processors of Apple's own insist on one, and linkers
  // sign for those alone.
  if (found.signed === false && target.cpu === 'arm64') {
    wrong.push('has no signature, so macOS would not load it');
  }
  if (found.size > MOST_BYTES) {
    wrong.push(`has ${found.size} bytes, more than ${MOST_BYTES}`);
  }
  return wrong;
}

module.exports = { ENTRY, inspect, misfits };

function mayExport({ cpu }, name) {
  return (
    name === ENTRY || (OF_RING.cpus.includes(cpu) && OF_RING.name.test(name))
  );
}

function libraryFamily({ libc, os }) {
  if (os !== 'linux') return os;
  return libc === 'musl' ? 'musl' : 'gnu';
}

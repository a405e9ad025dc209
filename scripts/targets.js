'use strict';

/**
 * The platforms that get a prebuilt binary: one package `@ws-rs/<name>` each,
 * with its manifest in npm/<name>. CI builds this list and the release is
 * complete only when every one of them is there.
 *
 * `name` is what lib/native/loader.js derives from the running process,
 * `triple` is rustc's name, `os`, `cpu` and `libc` are the manifest fields by
 * which npm picks a package, and `glibc` is the oldest version supported.
 */
const TARGETS = [
  apple('arm64', 'aarch64'),
  apple('x64', 'x86_64'),
  windows('arm64', 'aarch64'),
  windows('ia32', 'i686'),
  windows('x64', 'x86_64'),
  gnu('arm64', 'aarch64'),
  gnu('arm', 'armv7', 'eabihf'),
  // zig has no older one for it.
  gnu('ppc64', 'powerpc64le', '', '2.19'),
  gnu('riscv64', 'riscv64gc', '', '2.27'),
  gnu('s390x', 's390x'),
  gnu('x64', 'x86_64'),
  musl('arm64', 'aarch64'),
  musl('arm', 'armv7', 'eabihf'),
  musl('x64', 'x86_64'),
  {
    name: 'android-arm64',
    triple: 'aarch64-linux-android',
    os: 'android',
    cpu: 'arm64'
  },
  {
    name: 'freebsd-x64',
    triple: 'x86_64-unknown-freebsd',
    os: 'freebsd',
    cpu: 'x64'
  }
];

/**
 * Built by `npm run dist` to test under Wine what else needs a Windows machine:
 * zig brings the libraries of the GNU tools, but not those of MSVC.
 */
const UNPUBLISHED = [
  windowsGnu('arm64', 'aarch64'),
  windowsGnu('x64', 'x86_64')
];

/**
 * @param {String} triple A rustc target
 * @return {Object} The entry of `TARGETS` or `UNPUBLISHED`
 * @throws {Error} If there is none
 */
function targetByTriple(triple) {
  const target = [...TARGETS, ...UNPUBLISHED].find((t) => t.triple === triple);
  if (target) return target;

  const known = TARGETS.map((t) => `  ${t.triple}`).join('\n');
  throw new Error(`unknown target "${triple}", expected one of\n${known}`);
}

module.exports = { TARGETS, UNPUBLISHED, targetByTriple };

function apple(cpu, rust) {
  return {
    name: `darwin-${cpu}`,
    triple: `${rust}-apple-darwin`,
    os: 'darwin',
    cpu
  };
}

function windows(cpu, rust) {
  return {
    name: `win32-${cpu}-msvc`,
    triple: `${rust}-pc-windows-msvc`,
    os: 'win32',
    cpu
  };
}

function windowsGnu(cpu, rust) {
  return {
    name: `win32-${cpu}-gnu`,
    triple: `${rust}-pc-windows-gnullvm`,
    os: 'win32',
    cpu
  };
}

// 2.17 is what the oldest distributions that run Node 20 have.
function gnu(cpu, rust, abi = '', glibc = '2.17') {
  return {
    name: `linux-${cpu}-gnu${abi}`,
    triple: `${rust}-unknown-linux-gnu${abi}`,
    os: 'linux',
    cpu,
    libc: 'glibc',
    glibc
  };
}

function musl(cpu, rust, abi = '') {
  return {
    name: `linux-${cpu}-musl${abi}`,
    triple: `${rust}-unknown-linux-musl${abi}`,
    os: 'linux',
    cpu,
    libc: 'musl'
  };
}

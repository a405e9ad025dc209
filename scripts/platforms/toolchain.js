'use strict';

/** What cargo has to be told to build for a platform that rustup is not asked for. */

const path = require('node:path');

const { standInForLibnode } = require('../libnode-stand-in');
const { FOLDER, rust, zigBin } = require('./tools');

/**
 * @param {Object} target An entry of scripts/targets.js
 * @return {Object} The environment for cargo
 */
function cargoEnv(target) {
  const { cargo, rustc } = rust();
  const darwin = target.os === 'darwin';
  const folder = path.join(FOLDER, 'target');

  return {
    ...process.env,
    PATH: [zigBin(), path.dirname(cargo), process.env.PATH].join(
      path.delimiter
    ),
    CARGO: cargo,
    RUSTC: rustc,
    // The standard library of any target, from its sources: a stable compiler
    // allows that only so.
    RUSTC_BOOTSTRAP: '1',
    CARGO_UNSTABLE_BUILD_STD: 'std,panic_unwind',
    CARGO_TARGET_DIR: folder,
    MACOSX_DEPLOYMENT_TARGET: '11.0',
    // For Apple rustc strips by a program that Debian's does not bring: the
    // linker can.
    ...(target.os === 'win32' && {
      LIBNODE_PATH: standInForLibnode(path.join(folder, 'libnode'))
    }),
    ...(target.os === 'android' && androidCompiler(target.triple)),
    ...(darwin && {
      CARGO_PROFILE_RELEASE_STRIP: 'none',
      RUSTFLAGS: '-C link-arg=-s'
    })
  };
}

module.exports = { cargoEnv };

// zig has no headers of Android's C library. Those of musl are near enough for
// ring's C, which calls next to nothing of either, and what comes of it is never
// linked: that takes Android's NDK, which has a compiler of its own.
function androidCompiler(triple) {
  const name = triple.replaceAll('-', '_');

  return {
    [`CC_${name}`]: 'cargo-zigbuild zig cc -- -target aarch64-linux-musl',
    [`AR_${name}`]: 'cargo-zigbuild zig ar --'
  };
}

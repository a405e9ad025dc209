'use strict';

/* global __webpack_require__ -- in what webpack and ncc make */

const path = require('path');

/**
 * Where binaries are in an installed package, by literal paths: ncc copies
 * those that exist, and puts the places of the copies here.
 *
 * @param {String} target As `targetName()` of loader.js gives it
 * @return {String[]} Paths of its binary; there need not be any
 */
function literalPaths(target) {
  if (typeof __webpack_require__ !== 'function') return [];

  const paths = [
    path.join(__dirname, '../../ws-rs.android-arm64.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/android-arm64/ws-rs.android-arm64.node'
    ),
    path.join(__dirname, '../../ws-rs.darwin-arm64.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/darwin-arm64/ws-rs.darwin-arm64.node'
    ),
    path.join(__dirname, '../../ws-rs.darwin-x64.node'),
    path.join(__dirname, '../../../@ws-rs/darwin-x64/ws-rs.darwin-x64.node'),
    path.join(__dirname, '../../ws-rs.freebsd-x64.node'),
    path.join(__dirname, '../../../@ws-rs/freebsd-x64/ws-rs.freebsd-x64.node'),
    path.join(__dirname, '../../ws-rs.linux-arm-gnueabihf.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/linux-arm-gnueabihf/ws-rs.linux-arm-gnueabihf.node'
    ),
    path.join(__dirname, '../../ws-rs.linux-arm-musleabihf.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/linux-arm-musleabihf/ws-rs.linux-arm-musleabihf.node'
    ),
    path.join(__dirname, '../../ws-rs.linux-arm64-gnu.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/linux-arm64-gnu/ws-rs.linux-arm64-gnu.node'
    ),
    path.join(__dirname, '../../ws-rs.linux-arm64-musl.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/linux-arm64-musl/ws-rs.linux-arm64-musl.node'
    ),
    path.join(__dirname, '../../ws-rs.linux-ppc64-gnu.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/linux-ppc64-gnu/ws-rs.linux-ppc64-gnu.node'
    ),
    path.join(__dirname, '../../ws-rs.linux-riscv64-gnu.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/linux-riscv64-gnu/ws-rs.linux-riscv64-gnu.node'
    ),
    path.join(__dirname, '../../ws-rs.linux-s390x-gnu.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/linux-s390x-gnu/ws-rs.linux-s390x-gnu.node'
    ),
    path.join(__dirname, '../../ws-rs.linux-x64-gnu.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/linux-x64-gnu/ws-rs.linux-x64-gnu.node'
    ),
    path.join(__dirname, '../../ws-rs.linux-x64-musl.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/linux-x64-musl/ws-rs.linux-x64-musl.node'
    ),
    path.join(__dirname, '../../ws-rs.win32-arm64-msvc.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/win32-arm64-msvc/ws-rs.win32-arm64-msvc.node'
    ),
    path.join(__dirname, '../../ws-rs.win32-ia32-msvc.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/win32-ia32-msvc/ws-rs.win32-ia32-msvc.node'
    ),
    path.join(__dirname, '../../ws-rs.win32-x64-msvc.node'),
    path.join(
      __dirname,
      '../../../@ws-rs/win32-x64-msvc/ws-rs.win32-x64-msvc.node'
    )
  ];

  return paths.filter((file) => file.endsWith(`ws-rs.${target}.node`));
}

module.exports = literalPaths;

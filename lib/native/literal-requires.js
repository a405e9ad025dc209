'use strict';

/* global __webpack_require__ -- in what webpack and ncc make */

/**
 * Requires binaries by literal names: what bundlers see so, they take along.
 * They pass over those that are missing, as this is within `try`. Webpack
 * warns of each, so it gets patterns, by which it takes what exists; for ncc
 * see literal-paths.js. Turbopack, that of Next.js, can put no binary into a
 * bundle and says no more than that; it leaves out what is not for it.
 */

/**
 * Loads `ws-rs.<target>.node` of the package's folder.
 *
 * @param {String} target As `targetName()` of loader.js gives it
 * @return {Object} `{ found }`, which is what the bundler has made of the
 *     file, or `{ error }`
 */
function fromOwnFolder(target) {
  try {
    if (process.turbopack) {
      return { error: turbopackError() };
    } else if (typeof __webpack_require__ === 'function') {
      return { found: require('../../ws-rs.'.concat(target, '.node')) };
    } else {
      // Your bundler stops here? See docs/bundling.md.
      switch (target) {
        case 'android-arm64':
          return { found: require('../../ws-rs.android-arm64.node') };
        case 'darwin-arm64':
          return { found: require('../../ws-rs.darwin-arm64.node') };
        case 'darwin-x64':
          return { found: require('../../ws-rs.darwin-x64.node') };
        case 'freebsd-x64':
          return { found: require('../../ws-rs.freebsd-x64.node') };
        case 'linux-arm-gnueabihf':
          return { found: require('../../ws-rs.linux-arm-gnueabihf.node') };
        case 'linux-arm-musleabihf':
          return { found: require('../../ws-rs.linux-arm-musleabihf.node') };
        case 'linux-arm64-gnu':
          return { found: require('../../ws-rs.linux-arm64-gnu.node') };
        case 'linux-arm64-musl':
          return { found: require('../../ws-rs.linux-arm64-musl.node') };
        case 'linux-ppc64-gnu':
          return { found: require('../../ws-rs.linux-ppc64-gnu.node') };
        case 'linux-riscv64-gnu':
          return { found: require('../../ws-rs.linux-riscv64-gnu.node') };
        case 'linux-s390x-gnu':
          return { found: require('../../ws-rs.linux-s390x-gnu.node') };
        case 'linux-x64-gnu':
          return { found: require('../../ws-rs.linux-x64-gnu.node') };
        case 'linux-x64-musl':
          return { found: require('../../ws-rs.linux-x64-musl.node') };
        case 'win32-arm64-msvc':
          return { found: require('../../ws-rs.win32-arm64-msvc.node') };
        case 'win32-ia32-msvc':
          return { found: require('../../ws-rs.win32-ia32-msvc.node') };
        case 'win32-x64-msvc':
          return { found: require('../../ws-rs.win32-x64-msvc.node') };
        default:
          return { error: noSuchTarget(target) };
      }
    }
  } catch (error) {
    return { error };
  }
}

/**
 * Loads the package `@ws-rs/<target>`.
 *
 * @param {String} target As above
 * @return {Object} As above
 */
function fromPackage(target) {
  try {
    if (process.turbopack) {
      return { error: turbopackError() };
    } else if (typeof __webpack_require__ === 'function') {
      return {
        found: require('@ws-rs/'.concat(target, '/ws-rs.', target, '.node'))
      };
    } else {
      // Your bundler stops here? See docs/bundling.md.
      switch (target) {
        case 'android-arm64':
          return {
            found: require('@ws-rs/android-arm64/ws-rs.android-arm64.node')
          };
        case 'darwin-arm64':
          return {
            found: require('@ws-rs/darwin-arm64/ws-rs.darwin-arm64.node')
          };
        case 'darwin-x64':
          return { found: require('@ws-rs/darwin-x64/ws-rs.darwin-x64.node') };
        case 'freebsd-x64':
          return {
            found: require('@ws-rs/freebsd-x64/ws-rs.freebsd-x64.node')
          };
        case 'linux-arm-gnueabihf':
          return {
            found: require('@ws-rs/linux-arm-gnueabihf/ws-rs.linux-arm-gnueabihf.node')
          };
        case 'linux-arm-musleabihf':
          return {
            found: require('@ws-rs/linux-arm-musleabihf/ws-rs.linux-arm-musleabihf.node')
          };
        case 'linux-arm64-gnu':
          return {
            found: require('@ws-rs/linux-arm64-gnu/ws-rs.linux-arm64-gnu.node')
          };
        case 'linux-arm64-musl':
          return {
            found: require('@ws-rs/linux-arm64-musl/ws-rs.linux-arm64-musl.node')
          };
        case 'linux-ppc64-gnu':
          return {
            found: require('@ws-rs/linux-ppc64-gnu/ws-rs.linux-ppc64-gnu.node')
          };
        case 'linux-riscv64-gnu':
          return {
            found: require('@ws-rs/linux-riscv64-gnu/ws-rs.linux-riscv64-gnu.node')
          };
        case 'linux-s390x-gnu':
          return {
            found: require('@ws-rs/linux-s390x-gnu/ws-rs.linux-s390x-gnu.node')
          };
        case 'linux-x64-gnu':
          return {
            found: require('@ws-rs/linux-x64-gnu/ws-rs.linux-x64-gnu.node')
          };
        case 'linux-x64-musl':
          return {
            found: require('@ws-rs/linux-x64-musl/ws-rs.linux-x64-musl.node')
          };
        case 'win32-arm64-msvc':
          return {
            found: require('@ws-rs/win32-arm64-msvc/ws-rs.win32-arm64-msvc.node')
          };
        case 'win32-ia32-msvc':
          return {
            found: require('@ws-rs/win32-ia32-msvc/ws-rs.win32-ia32-msvc.node')
          };
        case 'win32-x64-msvc':
          return {
            found: require('@ws-rs/win32-x64-msvc/ws-rs.win32-x64-msvc.node')
          };
        default:
          return { error: noSuchTarget(target) };
      }
    }
  } catch (error) {
    return { error };
  }
}

module.exports = { fromOwnFolder, fromPackage };

// As `require()` says it of a package that is not there: there is no binary for
// this platform.
function noSuchTarget(target) {
  return Object.assign(new Error(`Cannot find module '${target}'`), {
    code: 'MODULE_NOT_FOUND'
  });
}

function turbopackError() {
  return Object.assign(new Error('is not in it'), { code: 'TURBOPACK' });
}

'use strict';

/**
 * Finds and loads the compiled addon. Everything that depends on the machine
 * is an argument, so that each platform can be tested on any other.
 */

const { Buffer } = require('buffer');

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '../..');
const INSTALLED = ROOT.split(path.sep).includes('node_modules');

/**
 * Loads the addon from the first of these that has it:
 *
 * 1. the file named by the environment variable `WS_RS_NATIVE_PATH`; when it
 *    is set nothing else is tried, so a typing error cannot go unnoticed;
 * 2. `ws-rs.<target>.node` in the package's folder: there only if somebody
 *    built it there, in a checkout or with `npx ws-rs-build`;
 * 3. the package `@ws-rs/<target>`, which npm installs by `os`, `cpu`, `libc`.
 *
 * A binary that says it belongs to another version is passed over, so a build
 * left behind by an older checkout never stands in for the current one.
 *
 * @param {Object} [host] The machine; each member defaults to the current one
 * @param {String} [host.arch] As `process.arch`
 * @param {Object} [host.env] As `process.env`
 * @param {(String|null)} [host.libc] `'gnu'`, `'musl'`, or `null` where there
 *     is no choice
 * @param {String} [host.platform] As `process.platform`
 * @param {Function} [host.require] Loads a file or package, or throws
 * @param {String} [host.version] The version that the binary must have
 * @return {Object} The addon's exports
 * @throws {Error} With code `'WS_RS_NO_BINARY'`; `error.attempts` lists
 *     `{ source, reason }` for everything that was tried
 */
function loadNative(host = {}) {
  const {
    arch = process.arch,
    env = process.env,
    platform = process.platform,
    require: load = require,
    version = require('../../package.json').version
  } = host;
  const libc = host.libc === undefined ? detectLibc(platform) : host.libc;
  const target = targetName(platform, arch, libc);
  const forced = env.WS_RS_NATIVE_PATH;
  const sources = forced
    ? [path.resolve(forced)]
    : [path.join(ROOT, `ws-rs.${target}.node`), `@ws-rs/${target}`];
  const attempts = [];

  for (const source of sources) {
    try {
      const binding = load(source);

      if (forced || binding.version === version) return binding;
      attempts.push({
        source,
        reason: `is version ${binding.version}, not ${version}`
      });
    } catch (err) {
      attempts.push({ source, reason: failure(err, source) });
    }
  }

  throw noBinaryError({ arch, attempts, forced, libc, platform, target });
}

/**
 * The name that a platform has in file and package names, for example
 * `linux-x64-gnu`, `darwin-arm64`, `win32-x64-msvc`.
 *
 * @param {String} platform As `process.platform`
 * @param {String} arch As `process.arch`
 * @param {(String|null)} libc `'gnu'`, `'musl'` or `null`
 * @return {String} The name; also for platforms without a prebuilt binary
 */
function targetName(platform, arch, libc) {
  if (platform === 'win32') return `win32-${arch}-msvc`;
  if (platform !== 'linux') return `${platform}-${arch}`;
  return `linux-${arch}-${libc}${arch === 'arm' ? 'eabihf' : ''}`;
}

/**
 * Which C library the running executable is linked with. Its ELF header names
 * the dynamic linker; that is exact even where both libraries are installed.
 *
 * @param {String} [platform] As `process.platform`
 * @param {String} [executable] The file to look at
 * @return {(String|null)} `'gnu'` or `'musl'` on Linux, else `null`
 */
function detectLibc(
  platform = process.platform,
  executable = process.execPath
) {
  if (platform !== 'linux') return null;

  const head = readHead(executable, 4096);
  if (head.includes('/ld-musl-')) return 'musl';
  if (head.includes('/ld-linux')) return 'gnu';

  // No dynamic linker to be seen: a patched or static executable.
  const { header } = process.report.getReport();
  return header.glibcVersionRuntime ? 'gnu' : 'musl';
}

module.exports = { detectLibc, loadNative, targetName };

function readHead(file, length) {
  const head = Buffer.alloc(length);

  try {
    const fd = fs.openSync(file, 'r');
    try {
      fs.readSync(fd, head, 0, length, 0);
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    // Unreadable: the caller has another way to find out.
  }

  return head;
}

// The first line only: Node appends the require stack, dlopen does not.
function failure(err, source) {
  const message = String((err && err.message) || err).split('\n', 1)[0];
  const missing = err && err.code === 'MODULE_NOT_FOUND';

  if (!missing || !message.includes(source)) return message;
  return path.isAbsolute(source) ? 'no such file' : 'not installed';
}

function noBinaryError({ arch, attempts, forced, libc, platform, target }) {
  const tried = attempts.map((a) => `  - ${a.source}: ${a.reason}`);
  const err = new Error(
    [
      `ws-rs found no binary for ${platform} ${arch}` +
        `${libc ? ` (libc: ${libc})` : ''}. Tried:`,
      ...tried,
      ...advice(forced, target)
    ].join('\n')
  );

  err.code = 'WS_RS_NO_BINARY';
  err.attempts = attempts;
  return err;
}

function advice(forced, target) {
  if (forced) {
    return ['Correct or unset the environment variable WS_RS_NATIVE_PATH.'];
  }

  return [
    `If the package @ws-rs/${target} exists for this version, install with`,
    'optional dependencies (no --omit=optional, node_modules not copied from',
    'another platform). To build from source (needs Rust, https://rustup.rs):',
    '',
    `  ${INSTALLED ? 'npx ws-rs-build' : 'npm run build'}`,
    ''
  ];
}

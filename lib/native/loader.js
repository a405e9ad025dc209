'use strict';

/**
 * Finds and loads the compiled addon. Everything that depends on the machine
 * is an argument, so that each platform can be tested on any other.
 */

const { Buffer } = require('buffer');

const { createRequire } = require('module');
const { fileURLToPath } = require('url');

const { fs, path, util } = require('../builtins');
const { assertOwn, cachedBinary } = require('./cache');
const literalPaths = require('./literal-paths');
const { fromOwnFolder, fromPackage } = require('./literal-requires');
const machine = require('./machine');
const noBinaryError = require('./no-binary-error');
const VERSION = require('./version');

const { debuglog } = util;

/** This file's folder, or that of a bundle; `null` in one that is a module. */
const HERE =
  typeof __dirname === 'string' && path.isAbsolute(__dirname)
    ? __dirname
    : null;
const BUNDLED =
  HERE === null || !fs.existsSync(path.join(HERE, 'literal-requires.js'));
/** For programs that are started with `NODE_DEBUG=ws-rs`. */
const log = debuglog('ws-rs');
/** How errors call what the bundler took along. */
const IN_BUNDLE = 'the bundle';
/**
 * What Windows says, in the user's language, of a DLL that needs another which
 * is absent reads as if the DLL itself were.
 */
const FILE_IS_THERE =
  '(the file itself is there: if something is missing, it is a DLL that it needs)';
/** What glibc says of a file that is for another processor, too. */
const NOT_OPENED = /^(\/.*): cannot open shared object file: No such file/;
const ROOT = BUNDLED ? HERE : path.resolve(HERE, '../..');

/**
 * Loads the addon from the first of these that has it:
 *
 * 1. the file named by the environment variable `WS_RS_NATIVE_PATH`; when it
 *    is set nothing else is tried, so a typing error cannot go unnoticed;
 * 2. `ws-rs.<target>.node` in the package's folder: there only if somebody
 *    built it there, or packed a checkout with it. In a bundle: what the
 *    bundler took along, then the file beside the bundle;
 * 3. the package `@ws-rs/<target>`, which npm installs by `os`, `cpu`, `libc`;
 * 4. on Windows `ws-rs.win32-<arch>-gnu.node` in the package's folder, which
 *    somebody built with the GNU tools: Node-API is C, so it works as well;
 * 5. what `ws-rs-build` once built from the same sources: see cache.js.
 *
 * A binary that says it belongs to another version is passed over, so a build
 * left behind by an older checkout never stands in for the current one.
 *
 * Where `process` says that this is another machine than it is, and nothing is
 * there for that one, all of them are tried for this one.
 *
 * @param {Object} [host] The machine; each member defaults to the current one
 * @param {Function} [host.actual] As `machine()`
 * @param {String} [host.arch] As `process.arch`
 * @param {Boolean} [host.bundled] Whether a bundler has moved this file
 * @param {Function} [host.cached] As `cachedBinary()`
 * @param {Object} [host.env] As `process.env`
 * @param {(String|null)} [host.libc] `'gnu'`, `'musl'`, or `null` where there
 *     is no choice
 * @param {Object} [host.permission] As `process.permission`
 * @param {String} [host.platform] As `process.platform`
 * @param {Function} [host.require] Loads a file or package, or throws
 * @param {String} [host.version] The version that the binary must have
 * @return {Object} The addon's exports
 * @throws {Error} With code `'WS_RS_NO_BINARY'`; `error.attempts` lists
 *     `{ source, reason }` for everything that was tried
 */
function loadNative(host = {}) {
  const settings = {
    arch: process.arch,
    bundled: BUNDLED,
    cached: cachedBinary,
    env: process.env,
    permission: process.permission,
    platform: process.platform,
    version: VERSION,
    ...host
  };
  const attempts = [];
  const binding =
    loadFor(settings, attempts) ?? loadForActual(settings, attempts);

  if (binding !== null) return binding;

  const { arch, bundled, env, permission, platform } = settings;
  const libc = libcOf(settings);

  throw noBinaryError({
    ...{ arch, attempts, bundled, folder: HERE },
    ...{ forced: env.WS_RS_NATIVE_PATH, libc, permission, platform },
    target: targetName(platform, arch, libc)
  });
}

/** Tries everything that may have the addon for a machine. */
function loadFor(settings, attempts) {
  const { arch, bundled, cached, env, platform, require: load } = settings;
  const { version } = settings;
  const target = targetName(platform, arch, libcOf(settings));
  const forced = env.WS_RS_NATIVE_PATH;
  const sources = forced
    ? [forcedSource(path.resolve(forced))]
    : sourcesOf(target, bundled, () =>
        cached({ env, root: ROOT, target, version })
      );

  for (const { source, find } of sources) {
    try {
      const binding = load ? load(source) : toBinding(find());

      const { version: found } = binding;

      if (found === version || (forced && found !== undefined)) {
        log('version %s, binary %s', found, source);
        return binding;
      }
      attempts.push({
        source,
        code: 'VERSION',
        reason:
          found === undefined
            ? 'is no binary of ws-rs'
            : `is version ${found}, not ${version}`
      });
    } catch (err) {
      attempts.push(failure(err, source, target));
    }
  }

  return null;
}

/** The same for the machine that this is, if that is another one. */
function loadForActual(settings, attempts) {
  const { actual, env } = settings;
  const { arch, platform } = (actual ?? machine)();
  const own = {
    ...settings,
    arch: arch ?? settings.arch,
    platform: platform ?? settings.platform
  };
  const isSaid =
    own.arch === settings.arch && own.platform === settings.platform;

  return isSaid || env.WS_RS_NATIVE_PATH ? null : loadFor(own, attempts);
}

function libcOf({ libc, platform }) {
  return libc === undefined ? detectLibc(platform) : libc;
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

/** Where to look: a name for the error, and a function that looks. */
function* sourcesOf(target, bundled, findCached) {
  const name = `ws-rs.${target}.node`;

  yield {
    source: bundled ? IN_BUNDLE : path.join(ROOT, name),
    find: () => foundBy(fromOwnFolder(target))
  };
  if (bundled) {
    if (HERE !== null) yield fileSource(path.join(HERE, name));
    yield* literalPaths(target)
      .filter((file) => fs.existsSync(file))
      .map(fileSource);
  }
  yield {
    source: `@ws-rs/${target}`,
    find: () => foundBy(fromPackage(target))
  };
  if (target.startsWith('win32-') && !bundled) {
    yield* [path.join(ROOT, name.replace('-msvc', '-gnu'))]
      .filter((file) => fs.existsSync(file))
      .map(fileSource);
  }
  // Last, and only if it comes to that: all sources are read for it.
  if (!bundled) yield* cachedSource(findCached);
}

function* cachedSource(findCached) {
  let file = null;

  try {
    file = findCached();
  } catch {
    // What keeps it from reading its own folder has failed those before, too.
  }

  if (file === null) return;

  yield {
    source: file,
    find() {
      assertOwn(file);
      return realRequire(file);
    }
  };
}

function fileSource(file) {
  return { source: file, find: () => realRequire(file) };
}

// Node runs what has another name as a program.
function forcedSource(file) {
  return {
    source: file,
    find() {
      if (path.extname(file) === '.node' || !fs.existsSync(file)) {
        return realRequire(file);
      }
      throw new Error('is no binary, as its name does not end in .node');
    }
  };
}

function foundBy({ error, found }) {
  if (error) throw error;
  return found;
}

/** Of what bundlers make of a binary: itself, or where they put it. */
function toBinding(found) {
  const value = found?.default ?? found;

  if (typeof value !== 'string') return value;

  const file = value.startsWith('file:')
    ? fileURLToPath(value)
    : path.resolve(HERE ?? '', value);

  if (fs.existsSync(file)) return realRequire(file);
  throw new Error(`should be ${file}, where is no such file`);
}

/** `require()` that no bundler has put its own in place of. */
function realRequire(file) {
  return createRequire(HERE === null ? process.execPath : __filename)(file);
}

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
function failure(err, source, target) {
  const [message] = String((err && err.message) || err).split('\n', 1);
  const code = err?.code ?? err?.name;
  const missing =
    code === 'MODULE_NOT_FOUND' &&
    (message.includes(source) || message.includes(target));

  if (missing) return { source, code: 'MISSING', reason: absent(source) };

  if (code !== 'ERR_DLOPEN_FAILED') return { source, code, reason: message };
  return { source, code, reason: unloadable(message.trim(), source, target) };
}

// What the system says of a binary that it does not load.
function unloadable(message, source, target) {
  if (target.startsWith('win32-')) return `${message} ${FILE_IS_THERE}`;

  const [, file] = NOT_OPENED.exec(message) ?? [];

  if (file && fs.existsSync(file)) return 'is for another processor';
  return message.startsWith(`${source}: `)
    ? message.slice(source.length + 2)
    : message;
}

function absent(source) {
  if (source === IN_BUNDLE) return 'has no binary';
  return path.isAbsolute(source) ? 'no such file' : 'not installed';
}

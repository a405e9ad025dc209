'use strict';

const { crypto, fs, os, path } = require('../builtins');
/**
 * Where binaries that were built from source are kept, so that they outlive
 * `npm ci`, which empties node_modules. `ws-rs-build` puts them there, and
 * the loader looks there last.
 *
 * A file's name has the version, the platform and a hash of the sources it was
 * made from, so one that does not belong to this package is never found.
 */

/** What the binary is made from, within the package. */
const SOURCES = [
  'src',
  'build.rs',
  'Cargo.toml',
  'Cargo.lock',
  ...['engine', 'protocol', 'wire'].flatMap((name) => [
    `crates/${name}/src`,
    `crates/${name}/Cargo.toml`
  ])
];

/**
 * The file that has a package's binary, if somebody built it.
 *
 * @param {Object} wanted Which
 * @param {Object} [wanted.env] As `process.env`
 * @param {String} wanted.root The folder of the package
 * @param {String} wanted.target As `targetName()` gives it
 * @param {String} wanted.version The version of the package
 * @return {(String|null)} Its path; `null` where no sources are
 */
function cachedBinary({ env = process.env, root, target, version }) {
  if (!fs.existsSync(path.join(root, 'Cargo.toml'))) return null;

  const name = `ws-rs-${version}-${target}-${sourceHash(root)}.node`;
  return path.join(cacheFolder(env), name);
}

/**
 * @param {Object} [env] As `process.env`
 * @param {String} [platform] As `process.platform`
 * @return {String} The folder, which need not be there
 */
function cacheFolder(env = process.env, platform = process.platform) {
  if (env.WS_RS_CACHE) return path.resolve(env.WS_RS_CACHE);

  const home = os.homedir();

  if (platform === 'win32') {
    return path.join(
      env.LOCALAPPDATA || path.join(home, 'AppData', 'Local'),
      'ws-rs',
      'cache'
    );
  }
  if (platform === 'darwin') {
    return path.join(home, 'Library', 'Caches', 'ws-rs');
  }

  // A relative path is to be ignored, says the specification of the variable.
  const base = env.XDG_CACHE_HOME;
  return path.join(
    base && path.isAbsolute(base) ? base : path.join(home, '.cache'),
    'ws-rs'
  );
}

/**
 * @param {String} root The folder of the package
 * @return {String} 16 digits that change when a source file does
 */
function sourceHash(root) {
  const hash = crypto.createHash('sha256');

  for (const name of SOURCES.flatMap((source) => filesIn(root, source))) {
    const bytes = fs.readFileSync(path.join(root, name));

    hash.update(`${name}\0${bytes.length}\0`);
    hash.update(bytes);
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * Makes sure that nobody but this user or the system's administrator can have
 * put a file where it is: a binary is code. On Windows the user's own folder
 * is closed to others, and there are no such bits to look at.
 *
 * @param {String} file The path of a cached binary; it need not be there
 * @throws {Error} If somebody else can have written it
 */
function assertOwn(file) {
  if (typeof process.geteuid !== 'function') return;

  const options = { throwIfNoEntry: false };
  const folder = path.dirname(file);

  assertClosed(folder, fs.statSync(folder, options));
  assertClosed(file, fs.lstatSync(file, options));
}

module.exports = {
  assertOwn,
  cacheFolder,
  cachedBinary,
  SOURCES,
  sourceHash
};

function assertClosed(name, stat) {
  if (!stat) return;
  if (stat.isSymbolicLink()) throw new Error(`${name} is a link; remove it`);
  if (stat.uid !== process.geteuid() && stat.uid !== 0) {
    throw new Error(`${name} belongs to another user, so it is not used`);
  }
  if ((stat.mode & 0o022) !== 0) {
    throw new Error(
      `${name} can be written by other users, so it is not used: chmod go-w it`
    );
  }
}

function filesIn(root, name) {
  const folder = path.join(root, name);

  if (!fs.statSync(folder).isDirectory()) return [name];
  return fs
    .readdirSync(folder)
    .sort()
    .flatMap((entry) => filesIn(root, `${name}/${entry}`));
}

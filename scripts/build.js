#!/usr/bin/env node
'use strict';

/**
 * Builds the addon from source and puts it where lib/native/loader.js looks:
 * `ws-rs.<target>.node` in the package's folder. It needs cargo and nothing
 * from node_modules, so it also works as `ws-rs-build` in an installed
 * package. There it keeps what it built in the user's cache, as well, and
 * takes it from there the next time. Run with `--help` for the options.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { keep, takeOut } = require('./build-cache');
const { SOURCES } = require('../lib/native/cache');
const { detectLibc, targetName } = require('../lib/native/loader');
const { standInForLibnode } = require('./libnode-stand-in');
const { toModule, writeNumbers } = require('./numbers');
const { replaceFile } = require('./replace-file');
const { targetByTriple } = require('./targets');

const ROOT = path.resolve(__dirname, '..');
const INSTALLED = ROOT.split(path.sep).includes('node_modules');
const USAGE = `Usage: npx --no-install ws-rs-build [options]
       npm run build -- [options]   (in a checkout)

  --target <triple>  build for another platform, as rustc names it
  --zig              link with cargo-zigbuild (old glibc, musl, cross builds)
  --debug            unoptimized; never counts as up to date
  --if-stale         do nothing if the binary is newer than every source file
  --force            compile, even if the cache has what it would make
  --help             this text

Where the package is installed, what was built is kept in the folder that
WS_RS_CACHE names (by default ~/.cache/ws-rs on Linux), and found there after
\`npm ci\`. Run again, this command takes it from there in no time.`;

if (require.main === module) {
  try {
    main(process.argv.slice(2));
  } catch (err) {
    console.error(`ws-rs-build: ${err.message}`);
    process.exitCode = 1;
  }
}

module.exports = { build, isStale };

function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      debug: { type: 'boolean' },
      force: { type: 'boolean' },
      help: { type: 'boolean' },
      'if-stale': { type: 'boolean' },
      target: { type: 'string' },
      zig: { type: 'boolean' }
    }
  });

  if (values.help) console.log(USAGE);
  else build({ ...values, ifStale: values['if-stale'] });
}

/**
 * Builds the addon.
 *
 * @param {Object} [options] Options
 * @param {Boolean} [options.debug=false] Build without optimizations
 * @param {Object} [options.env=process.env] The environment for cargo
 * @param {Boolean} [options.force=false] Take nothing from the cache
 * @param {Boolean} [options.ifStale=false] Skip when nothing changed
 * @param {String} [options.out] The folder to put it in; default: the package's
 * @param {String} [options.target] A rustc target; default: this machine's
 * @param {Boolean} [options.zig=false] Use `cargo zigbuild`
 * @return {String} The path of the binary
 * @throws {Error} If cargo is missing or fails, or the target is unknown
 */
function build({
  debug,
  env = process.env,
  force,
  ifStale,
  out = ROOT,
  target: triple,
  zig
} = {}) {
  const target = triple
    ? targetByTriple(triple)
    : { name: targetName(process.platform, process.arch, detectLibc()) };
  const output = path.join(out, `ws-rs.${target.name}.node`);

  if (ifStale && !isStale(output)) return output;

  const isCached = INSTALLED && !debug;

  if (isCached && !force && takeOut(target.name, output, !triple)) {
    return output;
  }

  const started = Date.now();
  const scratch = scratchFolder();

  try {
    const library = cargoBuild({ debug, env, scratch, target, zig });

    if (isCached) keep(target.name, library);
    // An edit made while cargo ran must count as newer than the binary. A
    // debug build is stamped as older than anything, so that neither tests
    // nor benchmarks ever take it for a release build.
    install(library, output, debug ? new Date(0) : new Date(started));
  } finally {
    if (scratch) fs.rmSync(scratch, { force: true, recursive: true });
  }

  // A binary for another machine cannot be asked.
  if (!triple && !INSTALLED) {
    writeNumbers(toModule(require(output).numbers()));
  }

  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  const kib = Math.round(fs.statSync(output).size / 1024);
  console.log(`built ${path.basename(output)} (${kib} KiB) in ${seconds} s`);
  return output;
}

/**
 * Whether a binary is missing or older than a source file. Folders count with
 * their own times, so a deleted or renamed file is noticed as well.
 *
 * @param {String} output The path of the binary
 * @param {String[]} [inputs] Files and folders it is made from
 * @return {Boolean} `true` if it has to be built
 */
function isStale(output, inputs = SOURCES.map((p) => path.join(ROOT, p))) {
  const built = fs.statSync(output, { throwIfNoEntry: false });
  return !built || inputs.some((input) => newest(input) >= built.mtimeMs);
}

function newest(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });

  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return fs
    .readdirSync(file)
    .reduce(
      (time, name) => Math.max(time, newest(path.join(file, name))),
      stat.mtimeMs
    );
}

// Inside node_modules cargo's intermediate files (hundreds of MiB) would stay
// for ever; in a checkout they make the next build fast.
function scratchFolder() {
  if (!INSTALLED || process.env.CARGO_TARGET_DIR) return undefined;
  return fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-build-'));
}

function cargoBuild({ debug, env: given, scratch, target, zig }) {
  const args = [zig ? 'zigbuild' : 'build', '--locked', '-p', 'ws-rs'];
  const env = { ...given };
  const flags = rustflags(target);

  if (INSTALLED && !scratch) touchSources();

  args.push('--message-format=json-render-diagnostics');
  if (!debug) args.push('--release');
  if (target.triple) {
    const floor = zig && target.glibc ? `.${target.glibc}` : '';
    args.push('--target', target.triple + floor);
  }
  if (scratch) env.CARGO_TARGET_DIR = scratch;
  if (target.name.startsWith('win32-')) {
    env.LIBNODE_PATH ??= standInForLibnode(
      path.join(env.CARGO_TARGET_DIR || path.join(ROOT, 'target'), 'libnode')
    );
  }
  if (flags) env.RUSTFLAGS = `${env.RUSTFLAGS || ''} ${flags}`.trim();

  const cargo = spawnSync(env.CARGO || 'cargo', args, {
    cwd: ROOT,
    encoding: 'utf8',
    env,
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'inherit']
  });

  if (cargo.error) throw cargoMissing(cargo.error);
  if (cargo.status !== 0) {
    throw new Error(`\`cargo ${args.join(' ')}\` failed, see above`);
  }

  return cdylib(cargo.stdout);
}

// All files that npm unpacks have one time, which is long ago: in a folder that
// is used again cargo would take other sources for those it has compiled.
function touchSources() {
  const now = new Date();

  for (const source of SOURCES) {
    const folder = path.join(ROOT, source);
    const root = path.join(folder, 'lib.rs');

    fs.utimesSync(fs.existsSync(root) ? root : folder, now, now);
  }
}

function rustflags({ name }) {
  // rustc links musl statically by default, and then makes no shared library.
  if (name.includes('-musl')) return '-C target-feature=-crt-static';
  // Otherwise the addon would need the Visual C++ runtime to be installed.
  if (name.startsWith('win32-')) return '-C target-feature=+crt-static';
  return '';
}

// cargo itself says where the library is: settings can move the folder.
function cdylib(stdout) {
  const files = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((m) => m.reason === 'compiler-artifact')
    .filter((m) => m.target.name === 'ws_rs')
    .flatMap((m) => m.filenames);
  const library = files.find((file) => /\.(so|dylib|dll)$/.test(file));

  if (!library) throw new Error('cargo made no shared library');
  return library;
}

function install(library, output, time) {
  try {
    fs.mkdirSync(path.dirname(output), { recursive: true });
    replaceFile(library, output, { time });
  } catch (err) {
    throw new Error(
      `cannot write ${output} (${err.code}). On Windows, stop the processes ` +
        'that have ws-rs loaded and run this again.',
      { cause: err }
    );
  }
}

function cargoMissing(err) {
  if (err.code !== 'ENOENT') return err;

  const manifest = fs.readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8');
  const rust = /rust-version = "([\d.]+)"/.exec(manifest)[1];

  return new Error(
    `building from source needs Rust ${rust} or newer, and \`cargo\` was not ` +
      'found. Install it from https://rustup.rs and run this again.'
  );
}

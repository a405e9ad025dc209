'use strict';

const { execFileSync } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');

/** What ws-rs is made of, in its checkout. */
const sources = [
  'Cargo.lock',
  'Cargo.toml',
  'crates',
  'index.js',
  'lib',
  'src'
];

/**
 * Makes sure that a folder is a checkout of ws-rs, whatever its age, and builds
 * its addon if a source is newer, so that figures belong to the commit that they
 * are published with.
 *
 * @param {string} folder
 * @throws {Error} If it is none, or the build fails
 */
function prepareCheckout(folder) {
  const fault = faultOf(folder);

  if (fault) {
    throw new Error(`${folder} is not a checkout of ws-rs: ${fault}`);
  }

  const script = path.join(folder, 'scripts', 'build.js');

  try {
    execFileSync(process.execPath, [script, '--if-stale'], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit']
    });
  } catch {
    throw new Error(`ws-rs in ${folder} could not be built (see above)`);
  }
}

/** @return {string | null} Why a folder is not a checkout of ws-rs */
function faultOf(folder) {
  const manifest = path.join(folder, 'package.json');
  const missing = ['.', 'package.json', 'index.js', 'scripts/build.js'].find(
    (name) => !existsSync(path.join(folder, name))
  );

  if (missing === '.') return 'there is no such folder';
  if (missing) return `it has no ${missing}`;
  try {
    const { name } = JSON.parse(readFileSync(manifest, 'utf8'));
    return name === 'ws-rs' ? null : `its package.json is that of ${name}`;
  } catch (error) {
    return `its package.json cannot be read (${error.message})`;
  }
}

/**
 * @param {string} folder A checkout
 * @return {string} The package's version and, where git knows it, the commit,
 *   with `+` behind it if something was changed
 */
function versionOf(folder) {
  const manifest = readFileSync(path.join(folder, 'package.json'), 'utf8');
  return [JSON.parse(manifest).version, commitOf(folder)]
    .filter(Boolean)
    .join(' ');
}

function commitOf(folder) {
  const git = (...args) =>
    execFileSync('git', ['-C', folder, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore']
    }).trim();

  try {
    const changed = git('status', '--porcelain', '--', ...sources);
    return git('rev-parse', '--short=8', 'HEAD') + (changed ? '+' : '');
  } catch {
    return null;
  }
}

module.exports = { prepareCheckout, versionOf };

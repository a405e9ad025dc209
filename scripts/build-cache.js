'use strict';

/**
 * Puts binaries into the cache that lib/native/cache.js tells of, and takes
 * them out.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { assertOwn, cachedBinary } = require('../lib/native/cache');
const { replaceFile } = require('./replace-file');

const { version } = require('../package.json');

const ROOT = path.resolve(__dirname, '..');

/**
 * Copies the binary of these very sources out of the cache, if it is there and
 * this machine can use it.
 *
 * @param {String} target As `targetName()` gives it
 * @param {String} output Where to
 * @param {Boolean} canLoad Whether it is for this machine, and can be tried
 * @return {Boolean} Whether it is there now
 */
function takeOut(target, output, canLoad) {
  const file = cachedBinary({ root: ROOT, target, version });

  if (!fs.existsSync(file)) return false;

  try {
    assertOwn(file);
    // The folder may come from a machine with a newer C library.
    if (canLoad) assertLoads(file);
  } catch (err) {
    console.error(`ws-rs-build: building again, as ${err.message}`);
    return false;
  }

  replaceFile(file, output);
  console.log(`took ${path.basename(output)} from ${file}`);
  return true;
}

/**
 * Keeps a binary. If that is not possible it says why, and no more: what was
 * built is of use without.
 *
 * @param {String} target As `targetName()` gives it
 * @param {String} binary The path of what was built
 * @return {(String|undefined)} Where it is kept
 */
function keep(target, binary) {
  const file = cachedBinary({ root: ROOT, target, version });

  try {
    fs.mkdirSync(path.dirname(file), { mode: 0o755, recursive: true });
    assertOwn(file);
    replaceFile(binary, file, { mode: 0o644 });
  } catch (err) {
    console.error(`ws-rs-build: not kept for the next time: ${err.message}`);
    return undefined;
  }

  console.log(`kept as ${file}`);
  return file;
}

module.exports = { keep, takeOut };

// In a process of its own: what is loaded once, cannot be replaced on Windows.
function assertLoads(file) {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['-e', 'require(process.argv[1])', file],
    { encoding: 'utf8' }
  );

  if (status !== 0) {
    const reason = /^Error: (.*)$/m.exec(stderr)?.[1] ?? `exit code ${status}`;
    throw new Error(`${file} does not load here: ${reason}`);
  }
}

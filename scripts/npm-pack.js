'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/**
 * Runs `npm pack`, without scripts.
 *
 * @param {String} folder The package
 * @param {String} [out] The folder to put the tarball in, made if it does not
 *     exist; without it only the list of files is made
 * @return {Object} What npm says: `filename`, `files`, `size`, `unpackedSize`;
 *     and `path`, that of the tarball
 * @throws {Error} If npm fails
 */
function npmPack(folder, out) {
  const args = ['pack', '--json', '--ignore-scripts'];

  if (out === undefined) {
    args.push('--dry-run');
  } else {
    fs.mkdirSync(out, { recursive: true });
    args.push('--pack-destination', path.resolve(out));
  }

  const npm = spawnSync('npm', args, {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe']
  });

  if (npm.error) throw npm.error;
  if (npm.status !== 0) throw new Error(`npm pack failed\n${npm.stderr}`);

  // npm 12 gives an object by package name, older versions an array.
  const [packed] = Object.values(JSON.parse(npm.stdout));
  // Older versions give the name of a scoped package as it is.
  const filename = packed.filename.replace('@', '').replace('/', '-');

  return { ...packed, path: path.resolve(out ?? '.', filename) };
}

module.exports = { npmPack };

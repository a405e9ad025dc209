'use strict';

/**
 * Makes the tarballs of the platform packages: npm/<target>, with the binary
 * and the licences of what is in it.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { version } = require('../package.json');
const { npmPack } = require('./npm-pack');
const { ROOT } = require('./run');

// How a shared library of each system begins.
const MAGIC = {
  android: '7f454c46',
  darwin: 'cffaedfe',
  freebsd: '7f454c46',
  linux: '7f454c46',
  win32: '4d5a'
};

/**
 * @param {Object} target One of targets.js
 * @param {String} binaries The folder that has `ws-rs.<target>.node`
 * @return {(String|undefined)} What is wrong with the binary, if anything
 */
function problemOf({ name, os: system }, binaries) {
  const file = path.join(binaries, `ws-rs.${name}.node`);
  if (!fs.existsSync(file)) return `${name}: there is no ${file}`;

  const bytes = fs.readFileSync(file);
  const head = bytes.subarray(0, 4).toString('hex');

  if (!head.startsWith(MAGIC[system])) {
    return `${name}: not a library of ${system} (starts with ${head})`;
  }
  // The loader would pass over it.
  if (!bytes.includes(version)) return `${name}: not of version ${version}`;
  return undefined;
}

/**
 * @param {Object} target One of targets.js
 * @param {String} binaries The folder that has `ws-rs.<target>.node`
 * @param {String} out The folder to put the tarball in
 * @param {Object} [fields] More fields of the manifest
 * @return {Object} `path` of the tarball, and what `npm pack` says of it
 */
function packPlatform({ name }, binaries, out, fields = {}) {
  const staging = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-platform-'));
  const source = path.join(ROOT, 'npm', name);
  const manifest = JSON.parse(
    fs.readFileSync(path.join(source, 'package.json'), 'utf8')
  );

  try {
    fs.copyFileSync(
      path.join(source, 'README.md'),
      path.join(staging, 'README.md')
    );
    for (const file of ['LICENSE', 'THIRD-PARTY.md']) {
      fs.copyFileSync(path.join(ROOT, file), path.join(staging, file));
    }
    fs.copyFileSync(
      path.join(binaries, manifest.main),
      path.join(staging, manifest.main)
    );
    fs.writeFileSync(
      path.join(staging, 'package.json'),
      `${JSON.stringify({ ...manifest, ...fields }, null, 2)}\n`
    );
    return npmPack(staging, out);
  } finally {
    fs.rmSync(staging, { force: true, recursive: true });
  }
}

module.exports = { MAGIC, packPlatform, problemOf };

'use strict';

/**
 * Makes the tarball of a release. It differs from what `npm pack` makes for
 * one's own use in two things: its manifest has the platform packages as
 * optionalDependencies, and it has no binaries itself.
 *
 *   node scripts/pack.js [--out <folder>] [--sources]
 *
 * With --sources it has neither: whoever installs it builds it.
 *
 * They are not in package.json itself because `npm ci` refuses a lock file
 * without them, and a lock file cannot have them before they are published.
 * Until then anybody might take their names, and a checkout would run that
 * code. So the tarball is made in a scratch folder; no file here is changed.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { npmPack } = require('./npm-pack');
const { TARGETS } = require('./targets');

const ROOT = path.resolve(__dirname, '..');

if (require.main === module) {
  try {
    main();
  } catch (err) {
    console.error(`pack: ${err.message}`);
    process.exitCode = 1;
  }
}

module.exports = { pack, packRelease, releaseManifest };

function main() {
  // package.json runs this file as prepublishOnly, too.
  if (process.env.npm_lifecycle_event === 'prepublishOnly') {
    throw new Error(
      'a release needs the platform packages in its manifest: run `node ' +
        'scripts/release.js`, see docs/releasing.md'
    );
  }

  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: '.' },
      sources: { type: 'boolean' }
    }
  });
  console.log(pack(values.out, values));
}

/** As `packRelease()`; gives the path of the tarball. */
function pack(out, options) {
  return packRelease(out, options).path;
}

/**
 * Makes the tarball of a release.
 *
 * @param {String} out The folder to put it in; made if it does not exist
 * @param {Object} [options] Options
 * @param {Object} [options.fields] More fields of the manifest
 * @param {Boolean} [options.sources=false] Name no platform packages
 * @return {Object} `path` of the tarball, and what `npm pack` says of it
 * @throws {Error} If npm fails
 */
function packRelease(out, { fields = {}, sources = false } = {}) {
  const staging = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-pack-'));
  const { optionalDependencies, ...rest } = releaseManifest();
  const manifest = {
    ...rest,
    ...(!sources && { optionalDependencies }),
    ...fields
  };

  try {
    for (const { path: file } of npmPack(ROOT).files) {
      if (file.endsWith('.node')) continue;
      fs.cpSync(path.join(ROOT, file), path.join(staging, file));
    }
    fs.writeFileSync(
      path.join(staging, 'package.json'),
      `${JSON.stringify(manifest, null, 2)}\n`
    );
    return npmPack(staging, out);
  } finally {
    fs.rmSync(staging, { force: true, recursive: true });
  }
}

/**
 * @param {Object} [manifest] The contents of package.json
 * @return {Object} What a release has instead
 */
function releaseManifest(manifest = require('../package.json')) {
  const { devDependencies, scripts, ...rest } = manifest;
  const packages = TARGETS.map(({ name }) => `@ws-rs/${name}`).sort();

  return {
    ...rest,
    optionalDependencies: Object.fromEntries(
      packages.map((name) => [name, manifest.version])
    )
  };
}

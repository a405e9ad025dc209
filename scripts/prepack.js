'use strict';

/**
 * Runs before `npm pack`, which takes the binaries that lie in this folder
 * along: builds the one for this machine if a source is newer, and refuses
 * others that are out of date.
 */

const fs = require('node:fs');
const path = require('node:path');

const { build, isStale } = require('./build');
const { ROOT } = require('./run');

try {
  main();
} catch (err) {
  console.error(
    `prepack: ${err.message}\n` +
      '`npm pack --ignore-scripts` packs what is there, without a check.'
  );
  process.exitCode = 1;
}

function main() {
  const own = path.basename(build({ ifStale: true }));
  const binaries = fs
    .readdirSync(ROOT)
    .filter((name) => /^ws-rs\..+\.node$/.test(name));
  const stale = binaries.filter(
    (name) => name !== own && isStale(path.join(ROOT, name))
  );

  if (stale.length > 0) {
    throw new Error(
      `older than the sources: ${stale.join(', ')}. Build them again with ` +
        '`npm run build -- --target <triple>`, or remove them.'
    );
  }
  console.log(`prepack: takes along ${binaries.join(', ')}`);
}

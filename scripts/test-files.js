'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('./run');

const FOLDER = path.join(ROOT, '__test__');

/**
 * Tests of what packs, builds and checks this checkout, fuzzers among it, and not of
 * the package.
 */
const TOOLS = [
  'build',
  'check-circles',
  'check-core',
  'check-privates',
  'differential',
  'differential-arguments',
  'differential-handshake',
  'differential-modes',
  'forced-verdict',
  'install',
  'links',
  'npx',
  'numbers',
  'override',
  'package',
  'performance-page',
  'platforms/dist',
  'platforms/inspect',
  'platforms/launchers',
  'platforms/record',
  'platforms/summary',
  'platforms/unpack-relr',
  'release',
  'samples',
  'targets',
  'third-party',
  'types'
].map((name) => path.join(FOLDER, `${name}.test.js`));

/**
 * @param {String} file The path of a test
 * @return {Boolean} Whether it runs again with all connections accepted by Node:
 *     those that want sockets that Node has made, too
 */
function wantsAcceptByNode(file) {
  const name = path.relative(FOLDER, path.resolve(file));

  return (
    name.startsWith(path.join('wire', 'loop-')) ||
    name.startsWith(path.join('endings', 'tcp.'))
  );
}

/**
 * @param {String} [folder] Where to look, and in its folders
 * @return {String[]} The paths of all Node tests; the browser's are not among
 *     them
 */
function testFiles(folder = FOLDER) {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);

      if (entry.isFile()) return entry.name.endsWith('.test.js') ? [file] : [];
      return entry.name === 'browser' ? [] : testFiles(file);
    });
}

module.exports = { testFiles, TOOLS, wantsAcceptByNode };

'use strict';

/**
 * Runs the tests of the JS side, `__test__/**\/*.test.js`, with `node --test`.
 *
 *   npm run test:node -- [node flags] [files]
 *
 * Without files: all of them but those of the browser. The environment goes
 * through, so `WS_RS_TRANSPORT=loop npm run test:node` forces a transport.
 */

const fs = require('node:fs');
const path = require('node:path');

const { ROOT, run } = require('./run');

const FOLDER = path.join(ROOT, '__test__');
// For each test, to turn a hang into a failure that says where.
const TIMEOUT = 300_000;

const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith('-'));
const chosen = args.filter((arg) => !arg.startsWith('-'));
const files = chosen.length > 0 ? chosen : testFiles(FOLDER);
const reporter = flags.some((flag) => flag.startsWith('--test-reporter'))
  ? []
  : ['--test-reporter=spec'];
const absent = chosen.filter((file) => !fs.existsSync(file));

if (absent.length > 0) {
  console.error(
    `test-node: no such file: ${absent.join(', ')} (write the value of a ` +
      'flag as --flag=value)'
  );
  process.exitCode = 1;
} else {
  process.exitCode = run(
    process.execPath,
    [
      '--test',
      `--test-timeout=${TIMEOUT}`,
      ...reporter,
      ...flags,
      ...files.map((file) => path.resolve(file))
    ],
    { cwd: process.cwd() }
  );
}

function testFiles(folder) {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);

      if (entry.isFile()) return entry.name.endsWith('.test.js') ? [file] : [];
      return entry.name === 'browser' ? [] : testFiles(file);
    });
}

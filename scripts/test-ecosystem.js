'use strict';

/**
 * Runs the tests of bundlers, test runners and runtimes, for which it installs
 * what __test__/ecosystem/tools/package.json lists, in .cache/.
 *
 *   npm run test:ecosystem -- [files]
 */

const fs = require('node:fs');
const path = require('node:path');

const { installTools } = require('./install-tools');
const { ROOT, run } = require('./run');

const TESTS = path.join(ROOT, '__test__', 'ecosystem');

const files = process.argv.slice(2);

if (!installTools(path.join(TESTS, 'tools'), 'ecosystem')) {
  console.error('test-ecosystem: the tools could not be installed');
  process.exitCode = 1;
} else {
  const all = fs
    .readdirSync(TESTS)
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => path.join(TESTS, name))
    // The others need no tools, and are in `npm test`.
    .filter((file) => fs.readFileSync(file, 'utf8').includes('support/tools'));

  process.exitCode = run(
    process.execPath,
    [path.join(__dirname, 'test-node.js'), ...(files.length > 0 ? files : all)],
    // What is missing now has to fail.
    { env: { ...process.env, WS_RS_TEST_TOOLS: 'required' } }
  );
}

'use strict';

/**
 * Runs the tests of adapters with real brokers, and of servers behind nginx:
 * redis-server, nats-server and nginx have to be there; the clients of brokers,
 * which __test__/scaling/tools/package.json lists, are installed in .cache/.
 *
 *   npm run test:scaling -- [files]
 */

const fs = require('node:fs');
const path = require('node:path');

const { installTools } = require('./install-tools');
const { ROOT, run } = require('./run');

const TESTS = path.join(ROOT, '__test__', 'scaling');
const files = process.argv.slice(2);

if (!installTools(path.join(TESTS, 'tools'), 'scaling')) {
  console.error('test-scaling: the clients could not be installed');
  process.exitCode = 1;
} else {
  const all = fs
    .readdirSync(TESTS)
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => path.join(TESTS, name));

  process.exitCode = run(
    process.execPath,
    [
      path.join(__dirname, 'test-node.js'),
      ...(files.length > 0 ? files : all),
      '--once'
    ],
    // What is missing now has to fail.
    { env: { ...process.env, WS_RS_TEST_TOOLS: 'required' } }
  );
}

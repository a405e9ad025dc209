'use strict';

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');

const FOLDER = path.join(__dirname, 'jest');
const JEST = require.resolve('jest/bin/jest');

/** Runs the programs of the folder `jest`; gives what Jest says of them. */
function runJest(...flags) {
  const args = [JEST, '--rootDir', FOLDER, '--runInBand', '--no-cache', '--ci'];

  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...args, ...flags],
      // Jest is not to take this for a run of its own.
      { cwd: FOLDER, timeout: 120_000, env: { ...process.env, NODE_ENV: '' } },
      (err, stdout, stderr) => resolve({ code: err?.code ?? 0, stdout, stderr })
    );
  });
}

test('programs that are tested with Jest find in this package what they find in ws', async () => {
  const { code, stdout, stderr } = await runJest('--json');

  assert.strictEqual(code, 0, stderr);

  const { numFailedTests, numPassedTests, numTotalTestSuites } =
    JSON.parse(stdout);

  assert.strictEqual(numFailedTests, 0);
  assert.strictEqual(numTotalTestSuites, 3);
  assert.ok(numPassedTests > 10, stderr);
});

test('Jest finds no handle that was left open', async () => {
  const { code, stderr } = await runJest('--detectOpenHandles');

  assert.strictEqual(code, 0, stderr);
  assert.doesNotMatch(stderr, /open handle/);
});

'use strict';

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { SLOWNESS } = require('../support/machine');

const FOLDER = path.join(__dirname, 'jest');
const JEST = require.resolve('jest/bin/jest');
/** How many programs there are, but for the one that is a module. */
const SUITES = fs
  .readdirSync(FOLDER)
  .filter((name) => name.endsWith('.spec.js')).length;

/** How Jest loads packages is the same on every transport, and each run takes seconds. */
const skip =
  process.env.WS_RS_TRANSPORT === 'stream' &&
  'this runs with the transports that connections choose';

let temporary;

before(() => {
  temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-jest-'));
});
after(() => fs.rmSync(temporary, { recursive: true }));

/**
 * For a test, in ms. Jest's own five seconds are not enough on a busy machine for one that
 * loads the package twelve times.
 */
const TEST_TIMEOUT = 20_000 * SLOWNESS;

/** Runs programs of the folder `jest`; gives what Jest says of them. */
function runJest(flags, { nodeFlags = [], pids = 'pids' } = {}) {
  const args = [
    ...[JEST, '--rootDir', FOLDER, '--no-cache', '--ci'],
    ...[`--testTimeout=${TEST_TIMEOUT}`, ...flags]
  ];

  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...nodeFlags, ...args],
      {
        cwd: FOLDER,
        timeout: 120_000 * SLOWNESS,
        env: {
          ...process.env,
          // Jest is not to take this for a run of its own.
          NODE_ENV: '',
          WS_RS_TEST_PIDS: path.join(temporary, pids)
        }
      },
      (err, stdout, stderr) => resolve({ code: err?.code ?? 0, stdout, stderr })
    );
  });
}

/** Runs them all, which have to pass. */
async function runAll(...flags) {
  const { code, stdout, stderr } = await runJest([...flags, '--json']);

  assert.strictEqual(code, 0, stderr);

  const { numFailedTests, numPassedTests, numTotalTestSuites } =
    JSON.parse(stdout);

  assert.strictEqual(numFailedTests, 0);
  assert.strictEqual(numTotalTestSuites, SUITES);
  assert.ok(numPassedTests > 20, stderr);
  // Not that a worker had to be ended: Jest gives them half a second, and the
  // machine may be busy.
  assert.doesNotMatch(stderr, /Warning|did not exit/);
}

test('programs that are tested with Jest find in this package what they find in ws', async () => {
  await runAll('--runInBand');
});

test('they do so in processes of workers', { skip }, async () => {
  await runAll('--maxWorkers=2');
});

test('they do so in worker threads', { skip }, async () => {
  await runAll('--maxWorkers=2', '--workerThreads');
});

test('they do so as modules', { skip }, async () => {
  const { code, stderr } = await runJest(
    ['--runInBand', '--testMatch=**/*.spec.mjs'],
    { nodeFlags: ['--experimental-vm-modules', '--no-warnings'] }
  );

  assert.strictEqual(code, 0, stderr);
  assert.match(stderr, /Tests: +3 passed, 3 total/);
});

test('several files of one process have a copy of the package each', async () => {
  const { code, stderr } = await runJest(['--runInBand', 'echo'], {
    pids: 'one'
  });
  const pids = fs
    .readFileSync(path.join(temporary, 'one'), 'utf8')
    .trim()
    .split('\n');

  assert.strictEqual(code, 0, stderr);
  assert.match(stderr, /Test Suites: 2 passed, 2 total/);
  assert.strictEqual(pids.length, 2);
  assert.strictEqual(pids[0], pids[1]);
});

test('Jest finds no handle that was left open', async () => {
  const { code, stderr } = await runJest([
    '--runInBand',
    '--detectOpenHandles'
  ]);

  assert.strictEqual(code, 0, stderr);
  assert.doesNotMatch(stderr, /open handle/);
});

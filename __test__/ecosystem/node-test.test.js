'use strict';

const assert = require('node:assert');
const { execFile, spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');

const FOLDER = path.join(__dirname, 'node-test');
const MODULES = '--experimental-test-module-mocks';

/** Runs a program with node:test in a process of its own. */
async function run(name, tests, ...flags) {
  // This one is not to be taken for a part of the run that it is in.
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  const { code, stdout, stderr } = await new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--test', '--no-warnings', '--test-reporter=tap', ...flags, name],
      { cwd: FOLDER, env, timeout: 120_000 },
      (err, out, errors) =>
        resolve({
          code: err ? (err.code ?? err.signal) : 0,
          stdout: out,
          stderr: errors
        })
    );
  });

  assert.strictEqual(code, 0, stdout + stderr);
  assert.match(stdout, new RegExp(`^# pass ${tests}$`, 'm'), stdout);
}

test('messages move under mock.timers, and tick() drives what a program waits for', async () => {
  await run('timers.spec.mjs', 4);
});

test('mock.method() on connections, classes and sockets sees what it sees of ws', async () => {
  await run('methods.spec.mjs', 5);
});

test("mock.module() puts a program's own class in place of the package's", async (t) => {
  if (spawnSync(process.execPath, [MODULES, '-e', '']).status !== 0) {
    return t.skip(`this Node has no ${MODULES}`);
  }

  await run('module.spec.mjs', 1, MODULES);
});

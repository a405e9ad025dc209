'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { ROOT } = require('../support/programs');
const { makeProject } = require('../support/project');
const { absent } = require('../support/tools');

const SPECS = path.join(__dirname, 'vitest');
const TOOLS = ['vite', 'vitest'];
const VITEST = 'node_modules/vitest/vitest.mjs';
/** How many programs there are; one is there twice. */
const FILES = fs.readdirSync(SPECS).length + 1;

describe(
  'Programs that are tested with Vitest',
  { skip: absent(...TOOLS) },
  () => {
    let folder;

    before(() => {
      folder = makeProject({ tools: TOOLS });
      fs.cpSync(SPECS, folder, { recursive: true });
      fs.copyFileSync(
        path.join(SPECS, 'echo.spec.mjs'),
        path.join(folder, 'echo-again.spec.mjs')
      );
      fs.copyFileSync(
        path.join(__dirname, 'jest', 'conversation.js'),
        path.join(folder, 'conversation.cjs')
      );
      fs.symlinkSync(
        path.join(ROOT, 'node_modules', 'jsdom'),
        path.join(folder, 'node_modules', 'jsdom'),
        'junction'
      );
    });
    after(() => fs.rmSync(folder, { force: true, recursive: true }));

    for (const pool of ['threads', 'forks', 'vmThreads', 'vmForks']) {
      it(`find in this package what they find in ws (${pool})`, () => {
        runVitest(`--pool=${pool}`);
      });

      it(`do so in one process (${pool})`, () => {
        runVitest(`--pool=${pool}`, '--no-isolate', '--maxWorkers=1');
      });
    }

    function runVitest(...flags) {
      const { status, stderr, stdout } = spawnSync(
        process.execPath,
        [VITEST, 'run', '--reporter=json', ...flags],
        {
          cwd: folder,
          encoding: 'utf8',
          // Vitest is not to take this for a run of its own.
          env: { ...process.env, NODE_ENV: '', WS_RS_NATIVE_PATH: '' }
        }
      );

      assert.strictEqual(status, 0, stdout + stderr);
      // Among them: that workers had to be killed, and what they warned of.
      assert.strictEqual(stderr, '');

      const { numPassedTests, numTotalTests, testResults } = JSON.parse(stdout);

      assert.strictEqual(testResults.length, FILES);
      assert.strictEqual(numPassedTests, numTotalTests);
      assert.ok(numTotalTests > 20, stdout);
    }
  }
);

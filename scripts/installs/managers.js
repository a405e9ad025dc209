'use strict';

/** Runs npm, pnpm and programs in a project; each has to succeed. */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('../run');

// It would replace `$ws`; only Windows needs one.
const SHELL = { shell: process.platform === 'win32' };
const PNPM = path.join(ROOT, '.cache/pnpm/node_modules/pnpm/bin/pnpm.cjs');

module.exports = { installPnpm, npm, npmVersion, pnpm, run };

function installPnpm() {
  if (fs.existsSync(PNPM)) return;

  const folder = path.join(ROOT, '.cache/pnpm');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
  npm(folder, 'install', '--no-package-lock', 'pnpm@10');
}

function pnpm(folder, ...args) {
  spawn(folder, process.execPath, [
    PNPM,
    ...args,
    '--config.strict-peer-dependencies=true'
  ]);
}

function npm(folder, ...args) {
  const all = [...args, '--no-audit', '--no-fund'];

  spawn(folder, 'npm', all, SHELL);
}

/** The first number of npm's version. */
function npmVersion() {
  return Number.parseInt(spawn(ROOT, 'npm', ['--version'], SHELL), 10);
}

function run(folder, program) {
  spawn(folder, process.execPath, ['-e', program]);
}

function spawn(cwd, command, args, options) {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    ...options
  });

  if (error) throw error;
  assert.strictEqual(
    status,
    0,
    `${path.basename(command)} ${args.join(' ')}\n${stdout}${stderr}`
  );
  return stdout;
}

'use strict';

/**
 * Lays a checkout for another machine: the files of this one, the binary for
 * that machine, and its node_modules. So tests there see what a user has.
 */

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('../run');

/**
 * @param {String} folder Where; what is there of an earlier time is replaced
 * @param {String} binary The path of the binary
 * @param {Object} npm `cpu`, `os` and `libc` of the machine, as npm names them;
 *     `undefined` for one that runs no test but the smoke test
 */
function stage(folder, binary, npm) {
  fs.mkdirSync(folder, { recursive: true });
  for (const name of fs.readdirSync(folder)) {
    if (name === 'node_modules') continue;
    fs.rmSync(path.join(folder, name), { recursive: true });
  }
  for (const file of sources()) {
    fs.cpSync(path.join(ROOT, file), path.join(folder, file));
  }
  fs.copyFileSync(binary, path.join(folder, path.basename(binary)));
  linkTools(path.join(ROOT, '.cache'), path.join(folder, '.cache'));
  if (npm) installModules(folder, npm);
}

module.exports = { sources, stage };

/** @return {String[]} The paths of the files of this checkout, in order */
function sources() {
  const git = spawnSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
    { cwd: ROOT, encoding: 'utf8' }
  );

  if (git.status !== 0) throw new Error(`git ls-files failed: ${git.stderr}`);
  return git.stdout
    .split('\0')
    .filter((file) => file !== '' && fs.existsSync(path.join(ROOT, file)));
}

// What `npm run test:scaling` and `test:ecosystem` have installed here: most of it is
// JavaScript, for any machine. What is not, is left out by machines.js.
function linkTools(from, to) {
  const there = ['ecosystem', 'scaling'].filter((name) =>
    fs.existsSync(path.join(from, name))
  );

  fs.mkdirSync(to);
  for (const name of there) {
    fs.symlinkSync(path.join(from, name), path.join(to, name), 'junction');
  }
}

// npm takes a while, and what it installs depends on the lock file alone.
function installModules(folder, { cpu, libc, os }) {
  const modules = path.join(folder, 'node_modules');
  const stamp = path.join(modules, '.ws-rs-lock');
  const lock = createHash('sha256')
    .update(fs.readFileSync(path.join(folder, 'package-lock.json')))
    .digest('hex');

  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === lock) return;

  const args = [
    ...['ci', '--no-audit', '--no-fund', '--ignore-scripts'],
    ...['--force', `--os=${os}`, `--cpu=${cpu}`],
    ...(libc ? [`--libc=${libc}`] : [])
  ];
  const npm = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' });

  if (npm.status !== 0) {
    throw new Error(`\`npm ${args.join(' ')}\` failed:\n${npm.stderr}`);
  }
  fs.writeFileSync(stamp, lock);
}

'use strict';

/**
 * Everything that can be said about the sources without running them.
 *
 *   npm run check [-- names of steps]
 *
 * All steps run even if one fails; the last lines say which did.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { binOf, ROOT, run } = require('./run');

// Not an error: a file beyond it should have a reason.
const LINES = 400;
// Crates outside the workspace, for tools that only look at one.
const OUTSIDE = ['bench/loadgen', 'crates/engine/fuzz', 'crates/protocol/fuzz'];

const STEPS = {
  rustfmt: () => cargo('fmt', '--all', '--check') || outside('fmt', '--check'),
  clippy: () =>
    cargo(
      'clippy',
      '--workspace',
      '--all-targets',
      '--locked',
      '--',
      '-D',
      'warnings'
    ),
  core: () => node(path.join(__dirname, 'check-core.js')),
  circles: () => node(path.join(__dirname, 'check-circles.js')),
  privates: () => node(path.join(__dirname, 'check-privates.js')),
  eslint: () => node(binOf('eslint'), '--max-warnings=0', '.'),
  prettier: () => node(binOf('prettier'), '--check', '.'),
  types: () =>
    node(
      binOf('typescript', 'tsc'),
      ...['--noEmit', '--strict', '--module', 'nodenext'],
      ...['--target', 'es2022', '--types', 'node'],
      ...['index.d.ts', 'wrapper.d.mts']
    ),
  numbers: () => node(path.join(__dirname, 'numbers.js'), '--check'),
  packages: () => node(path.join(__dirname, 'npm-packages.js'), '--check'),
  licences: () => node(path.join(__dirname, 'third-party.js'), '--check'),
  locks: checkLocks,
  lines: reportLines
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !Object.hasOwn(STEPS, name));

if (unknown.length > 0) {
  console.error(
    `check: no step "${unknown[0]}", there are ${Object.keys(STEPS).join(', ')}`
  );
  process.exitCode = 1;
} else {
  main(chosen.length > 0 ? chosen : Object.keys(STEPS));
}

function main(names) {
  const failed = names.filter((name) => {
    console.log(`\n== ${name}`);
    return STEPS[name]() !== 0;
  });

  console.log(
    `\n${names.length - failed.length} of ${names.length} checks passed`
  );
  if (failed.length > 0) {
    console.log(`failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
}

function cargo(...args) {
  return run(process.env.CARGO || 'cargo', args);
}

function outside(command, ...args) {
  const folders = OUTSIDE.filter((folder) => fs.existsSync(folder));

  return folders.reduce((code, folder) => {
    const manifest = path.join(folder, 'Cargo.toml');
    return cargo(command, '--manifest-path', manifest, ...args) || code;
  }, 0);
}

function node(...args) {
  return run(process.execPath, args);
}

function checkLocks() {
  const locks = tracked().filter((file) => file.endsWith('package-lock.json'));
  const bad = locks.filter((file) => read(file).includes('"resolved": "http'));

  for (const file of bad) {
    console.error(
      `${file} names a registry; write it again with npm's setting ` +
        'omit-lockfile-registry-resolved=true'
    );
  }
  if (bad.length === 0) console.log(`${locks.length} lock files are neutral`);
  return bad.length;
}

function reportLines() {
  const long = tracked()
    .filter((file) => /\.(rs|js|mjs|ts|mts)$/.test(file))
    .map((file) => ({ count: read(file).split('\n').length - 1, file }))
    .sort((a, b) => b.count - a.count);

  for (const { count, file } of long.slice(0, 10)) {
    console.log(`${String(count).padStart(5)} ${file}`);
  }
  const over = long.filter(({ count }) => count > LINES).length;
  console.log(`${long.length} files, ${over} of more than ${LINES} lines`);
  return 0;
}

function read(file) {
  return fs.readFileSync(path.join(ROOT, file), 'utf8');
}

function tracked() {
  const git = spawnSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
    { cwd: ROOT, encoding: 'utf8' }
  );
  const files = (git.stdout ?? '').split('\0').filter(Boolean);

  return files.filter((file) => fs.existsSync(path.join(ROOT, file)));
}

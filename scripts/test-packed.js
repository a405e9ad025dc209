'use strict';

/**
 * Packs this platform's package and ws-rs itself as for a release, installs
 * both in an empty folder, and runs the smoke test on what is there.
 *
 *   node scripts/test-packed.js [--binaries <folder>]
 *
 * Needs npm, but neither the network nor node_modules.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { detectLibc, targetName } = require('../lib/native/loader');
const { pack } = require('./pack');
const { packPlatform, problemOf } = require('./platform-packages');
const { ROOT, run } = require('./run');
const { TARGETS } = require('./targets');

try {
  main();
} catch (err) {
  console.error(`test-packed: ${err.message}`);
  process.exitCode = 1;
}

function main() {
  const { values } = parseArgs({
    options: { binaries: { type: 'string', default: ROOT } }
  });
  const name = targetName(process.platform, process.arch, detectLibc());
  const target = TARGETS.find((entry) => entry.name === name);

  if (!target) throw new Error(`there is no package for ${name}`);

  const problem = problemOf(target, values.binaries);
  if (problem) throw new Error(problem);

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-packed-'));

  try {
    const tarballs = [
      packPlatform(target, values.binaries, folder).path,
      pack(folder)
    ];

    fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
    install(folder, tarballs);
    process.exitCode = run(
      process.execPath,
      [
        path.join(__dirname, 'smoke-test.js'),
        path.join(folder, 'node_modules', 'ws-rs')
      ],
      {
        cwd: folder,
        // The binary of the package, and no other.
        env: {
          ...process.env,
          WS_RS_CACHE: path.join(folder, 'no-cache'),
          WS_RS_NATIVE_PATH: ''
        }
      }
    );
  } finally {
    fs.rmSync(folder, { force: true, recursive: true });
  }
}

function install(folder, tarballs) {
  const { error, status } = spawnSync(
    'npm',
    ['install', '--offline', '--ignore-scripts', ...tarballs],
    { cwd: folder, shell: process.platform === 'win32', stdio: 'inherit' }
  );

  if (error) throw error;
  if (status !== 0) throw new Error('npm could not install the tarballs');
}

'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { ROOT, run } = require('./run');

/**
 * Installs packages that only some tests need, and that are too much for
 * everybody's `npm install`, if they are not there yet.
 *
 * @param {String} lists The folder with `package.json` and `package-lock.json`
 * @param {String} name The folder in .cache/ that gets them
 * @return {Boolean} Whether they are there
 */
function installTools(lists, name) {
  const folder = path.join(ROOT, '.cache', name);

  return isInstalled(lists, folder) || install(lists, folder);
}

// The folder gets its name when all of it is there.
function isInstalled(...folders) {
  const [wanted, got] = folders.map((folder) => {
    const file = path.join(folder, 'package-lock.json');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  });

  return wanted === got;
}

function install(lists, folder) {
  const staging = `${folder}.new`;

  fs.rmSync(staging, { force: true, recursive: true });
  fs.cpSync(lists, staging, { recursive: true });

  const code = run(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
    { cwd: staging, shell: process.platform === 'win32' }
  );

  if (code !== 0) return false;
  fs.rmSync(folder, { force: true, recursive: true });
  fs.renameSync(staging, folder);
  return true;
}

module.exports = { installTools };

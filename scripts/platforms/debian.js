'use strict';

/**
 * Unpacks packages of another release of Debian, with all they need, into a
 * folder of their own: for an architecture that this release does not have.
 * Nothing of this machine's own packages is read or changed.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { runTool } = require('./run-tool');

const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * @param {String} root The folder; replaced if it exists
 * @param {Object} what `architecture`, `packages` and `release`, as Debian
 *     names them
 * @throws {Error} If apt-get cannot
 */
function debianUnpack(root, { architecture, packages, release }) {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-debian-'));
  const unpacked = path.join(work, 'root');

  try {
    // The user `_apt`, which downloads, has to get in.
    fs.chmodSync(work, 0o755);
    const env = {
      ...process.env,
      APT_CONFIG: configure(work, architecture, release)
    };

    runTool('apt-get', ['update', '--quiet'], env);
    runTool(
      'apt-get',
      ['install', '--yes', '--quiet', '--download-only', ...packages],
      env
    );
    // Programs look for their loader in /lib, which is a link that comes with
    // none of these packages.
    fs.mkdirSync(path.join(unpacked, 'usr/lib'), { recursive: true });
    fs.symlinkSync('usr/lib', path.join(unpacked, 'lib'));
    for (const name of fs.readdirSync(path.join(work, 'archives'))) {
      if (!name.endsWith('.deb')) continue;
      runTool('dpkg-deb', [
        '--extract',
        path.join(work, 'archives', name),
        unpacked
      ]);
    }
    fs.rmSync(root, { force: true, recursive: true });
    fs.cpSync(unpacked, root, { recursive: true, verbatimSymlinks: true });
  } finally {
    fs.rmSync(work, { force: true, recursive: true });
  }
}

module.exports = { debianUnpack };

function configure(work, architecture, release) {
  const file = path.join(work, 'apt.conf');

  for (const folder of ['archives/partial', 'lists/partial']) {
    fs.mkdirSync(path.join(work, folder), { recursive: true });
  }
  fs.writeFileSync(path.join(work, 'status'), '');
  fs.writeFileSync(
    path.join(work, 'sources.list'),
    `deb [signed-by=${KEYS}] ${mirror()} ${release} main\n`
  );
  fs.writeFileSync(file, aptConfig(work, architecture));
  return file;
}

// So that apt-get sees nothing of what this machine has installed.
function aptConfig(work, architecture) {
  const settings = {
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Install-Recommends': 'false',
    'Acquire::Languages': 'none',
    'Dir::Cache::archives': path.join(work, 'archives'),
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::Etc::sourcelist': path.join(work, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State': work,
    'Dir::State::Lists': path.join(work, 'lists'),
    'Dir::State::status': path.join(work, 'status')
  };

  return Object.entries(settings)
    .map(([name, value]) => `${name} "${value}";\n`)
    .join('');
}

// From where this machine itself is installed.
function mirror() {
  const { stdout } = spawnSync(
    'apt-get',
    [
      ...['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'],
      ...['Origin: Debian', 'Label: Debian']
    ],
    { encoding: 'utf8' }
  );
  const [first] = (stdout ?? '').split('\n');

  if (first) return first;
  throw new Error(
    'apt-get knows no mirror of Debian. Run `apt-get update` on a machine with ' +
      'Debian.'
  );
}

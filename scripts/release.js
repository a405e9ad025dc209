'use strict';

/**
 * Packs a release, and publishes it if asked to: a tarball for each platform,
 * then ws-rs itself. docs/releasing.md has the whole of it.
 *
 *   node scripts/release.js --binaries <folder> [--out release]
 *
 *   --partial   go on if platforms are missing, to try it; not with --publish
 *   --publish   publish the tarballs, with provenance
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { version } = require('../package.json');
const { packRelease } = require('./pack');
const { packPlatform, problemOf } = require('./platform-packages');
const { ROOT, run } = require('./run');
const { TARGETS } = require('./targets');

if (require.main === module) {
  try {
    main();
  } catch (err) {
    console.error(`release: ${err.message}`);
    process.exitCode = 1;
  }
}

module.exports = { packAll, repositoryOf };

function main() {
  const { values } = parseArgs({
    options: {
      binaries: { type: 'string' },
      out: { type: 'string', default: 'release' },
      partial: { type: 'boolean' },
      publish: { type: 'boolean' }
    }
  });

  if (!values.binaries) throw new Error('--binaries <folder> is missing');
  if (values.partial && values.publish) {
    throw new Error('a version must not come out for some platforms only');
  }
  checkPackages();
  checkTag(process.env);

  const packages = packAll(values);

  for (const { name, size, unpackedSize } of packages) {
    console.log(
      `${name}@${version}`.padEnd(36) +
        `${kB(size)} kB, ${kB(unpackedSize)} kB unpacked`
    );
  }
  if (values.publish) publish(packages);
  else console.log(`${packages.length} tarballs in ${values.out}, unpublished`);
}

/**
 * Makes all tarballs, in the order in which they are to be published: the
 * platforms first, as nobody may get a version whose binary is not there.
 *
 * @param {Object} options As on the command line
 * @return {Object[]} `name`, `path`, `size`, `unpackedSize` of each
 * @throws {Error} If a binary is missing or of another system
 */
function packAll({ binaries, out, partial = false }) {
  const problems = TARGETS.map((target) => problemOf(target, binaries));
  const found = TARGETS.filter((_, index) => problems[index] === undefined);
  const wrong = problems.filter(Boolean);
  const fields = repositoryOf(process.env);

  if (wrong.length > 0 && !partial) throw new Error(wrong.join('\n'));
  for (const problem of wrong) console.log(`left out: ${problem}`);

  return [
    ...found.map((target) => packPlatform(target, binaries, out, fields)),
    packRelease(out, { fields })
  ];
}

/**
 * npm accepts a provenance statement only if the manifest names the repository
 * that the workflow runs in.
 *
 * @param {Object} env As `process.env`
 * @return {Object} Fields of the manifest
 */
function repositoryOf({ GITHUB_REPOSITORY: name, GITHUB_SERVER_URL: server }) {
  if (!name || !server) return {};
  return { repository: { type: 'git', url: `git+${server}/${name}.git` } };
}

function checkPackages() {
  const script = path.join(__dirname, 'npm-packages.js');

  if (run(process.execPath, [script, '--check']) !== 0) {
    throw new Error('the platform packages are out of date');
  }
}

function checkTag({ GITHUB_REF_NAME: tag, GITHUB_REF_TYPE: type }) {
  if (type !== 'tag' || tag === `v${version}`) return;
  throw new Error(`the tag is ${tag}, package.json has version ${version}`);
}

// What an earlier, interrupted run has published is passed over.
function publish(packages) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-publish-'));
  const options = userConfig(folder);

  try {
    for (const { name, path: tarball } of packages) {
      if (npm(['view', `${name}@${version}`, 'version'], 'pipe') === 0) {
        console.log(`${name}@${version} is there already`);
        continue;
      }

      const args = ['publish', tarball, '--access', 'public', '--provenance'];
      if (npm([...args, ...options], 'inherit') !== 0) {
        throw new Error(
          `${name} was not published, see above. Run the job again: it goes on ` +
            'where it stopped.'
        );
      }
    }
  } finally {
    fs.rmSync(folder, { force: true, recursive: true });
  }
}

// For the first release only: npm's trusted publishing, which needs no token,
// can be set up for packages that exist.
function userConfig(folder) {
  if (!process.env.NPM_TOKEN) return [];

  const registry = spawnSync('npm', ['config', 'get', 'registry'], {
    encoding: 'utf8'
  }).stdout.trim();
  const file = path.join(folder, 'npmrc');

  // npm itself puts the token in.
  fs.writeFileSync(
    file,
    `${registry.replace(/^https?:/, '')}:_authToken=\${NPM_TOKEN}\n`,
    { mode: 0o600 }
  );
  return ['--userconfig', file];
}

function npm(args, stdio) {
  const { error, status } = spawnSync('npm', args, { cwd: ROOT, stdio });

  if (error) throw error;
  return status;
}

function kB(bytes) {
  return String(Math.round(bytes / 1000)).padStart(5);
}

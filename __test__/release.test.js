'use strict';

/** What is published: one tarball for each platform, and ws-rs last. */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { version } = require('../package.json');
const { MAGIC, problemOf } = require('../scripts/platform-packages');
const { packAll, repositoryOf } = require('../scripts/release');
const { TARGETS } = require('../scripts/targets');

describe('A release', () => {
  const [first, second] = TARGETS;
  let folder;
  let packages;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-release-'));
    write(first, `${version} and code`);
    packages = packAll({
      binaries: folder,
      out: path.join(folder, 'out'),
      partial: true
    });
  });
  after(() => fs.rmSync(folder, { recursive: true }));

  function write({ name, os: system }, text, into = folder) {
    const head = Buffer.from(MAGIC[system], 'hex');

    fs.writeFileSync(
      path.join(into, `ws-rs.${name}.node`),
      Buffer.concat([head, Buffer.from(text)])
    );
  }

  it('has the platforms first, and ws-rs last', () => {
    assert.deepStrictEqual(
      packages.map(({ name }) => name),
      [`@ws-rs/${first.name}`, 'ws-rs']
    );
    for (const { path: tarball } of packages) {
      assert.ok(fs.existsSync(tarball), tarball);
    }
  });

  it('has a binary and the licences in each platform package, no more', () => {
    assert.deepStrictEqual(
      packages[0].files.map((file) => file.path).sort(),
      contents(first)
    );
  });

  it('has a package for each target, picked by system, processor and libc', () => {
    const binaries = path.join(folder, 'all');

    fs.mkdirSync(binaries);
    for (const target of TARGETS) write(target, version, binaries);
    const all = packAll({ binaries, out: path.join(folder, 'all-packed') });
    const manifests = all.map(({ path: tarball }) => manifestIn(tarball));
    const own = manifests.pop();

    assert.deepStrictEqual(
      manifests.map(({ cpu, libc, main, name, os: systems }) => {
        return { cpu, libc, main, name, os: systems };
      }),
      TARGETS.map((target) => ({
        cpu: [target.cpu],
        libc: target.libc && [target.libc],
        main: `ws-rs.${target.name}.node`,
        name: `@ws-rs/${target.name}`,
        os: [target.os]
      }))
    );
    assert.deepStrictEqual(
      own.optionalDependencies,
      Object.fromEntries(manifests.map(({ name }) => [name, version]).sort())
    );
    all.slice(0, -1).forEach(({ files }, index) => {
      assert.deepStrictEqual(
        files.map((file) => file.path).sort(),
        contents(TARGETS[index])
      );
    });
  });

  it('has no binary in ws-rs itself', () => {
    const names = packages[1].files.map((file) => file.path);

    assert.ok(names.includes('index.js'));
    assert.deepStrictEqual(
      names.filter((name) => name.endsWith('.node')),
      []
    );
  });

  it('is refused if the binary of a platform is missing', () => {
    assert.throws(
      () => packAll({ binaries: folder, out: folder }),
      new RegExp(`${second.name}: there is no `)
    );
  });

  it('is refused with a binary of another system or version', () => {
    write({ name: 'freebsd-x64', os: 'win32' }, version);
    assert.match(
      problemOf(
        TARGETS.find(({ name }) => name === 'freebsd-x64'),
        folder
      ),
      /^freebsd-x64: not a library of freebsd \(starts with 4d5a/
    );

    write(second, '0.0.1');
    assert.match(problemOf(second, folder), /: not of version \d/);
    write(second, version);
    assert.strictEqual(problemOf(second, folder), undefined);
  });

  it('names the repository of the workflow, as provenance demands it', () => {
    assert.deepStrictEqual(repositoryOf({}), {});
    assert.deepStrictEqual(
      repositoryOf({
        GITHUB_REPOSITORY: 'somebody/ws-rs',
        GITHUB_SERVER_URL: 'https://example.com'
      }).repository.url,
      'git+https://example.com/somebody/ws-rs.git'
    );
  });
});

function contents({ name }) {
  return [
    'LICENSE',
    'README.md',
    'THIRD-PARTY.md',
    'package.json',
    `ws-rs.${name}.node`
  ];
}

function manifestIn(tarball) {
  const tar = spawnSync('tar', ['-xzOf', tarball, 'package/package.json'], {
    encoding: 'utf8'
  });

  assert.strictEqual(tar.status, 0, tar.stderr);
  return JSON.parse(tar.stdout);
}

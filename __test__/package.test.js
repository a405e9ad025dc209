'use strict';

/**
 * What users get: the tarball of a release, installed offline and without
 * scripts into an empty folder, with and without the platform package.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { ECHO, echo, install, node } = require('./support/installed');
const { detectLibc, targetName } = require('../lib/native/loader');
const { pack, releaseManifest } = require('../scripts/pack');
const { packPlatform, problemOf } = require('../scripts/platform-packages');
const { TARGETS } = require('../scripts/targets');
const { version } = require('../package.json');

const ROOT = path.resolve(__dirname, '..');
const TARGET = targetName(process.platform, process.arch, detectLibc());
const BINARY = `ws-rs.${TARGET}.node`;

describe('The tarball', { timeout: 120_000 }, () => {
  let temporary;
  let tarball;

  before(() => {
    temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-package-'));
    tarball = pack(temporary);
  });
  after(() => fs.rmSync(temporary, { force: true, recursive: true }));

  describe('alone', () => {
    let folder;

    before(() => {
      folder = install(path.join(temporary, 'alone'), tarball);
    });

    it('needs no script to be run and brings no dependency', () => {
      const installed = fs.readdirSync(path.join(folder, 'node_modules'));
      const manifest = manifestOf(folder);

      assert.deepStrictEqual(
        installed.filter((name) => !name.startsWith('.')),
        ['ws-rs']
      );
      assert.strictEqual(manifest.scripts, undefined);
      assert.strictEqual(manifest.dependencies, undefined);
    });

    it('names all platform packages at its own version', () => {
      const { optionalDependencies } = manifestOf(folder);
      const expected = TARGETS.map(({ name }) => `@ws-rs/${name}`).sort();

      assert.deepStrictEqual(Object.keys(optionalDependencies), expected);
      assert.deepStrictEqual(
        new Set(Object.values(optionalDependencies)),
        new Set([version])
      );
    });

    it('holds what runs, what builds, and nothing else', () => {
      const root = path.join(folder, 'node_modules/ws-rs');
      const files = fs
        .readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
        .map((file) => path.relative(root, file).split(path.sep).join('/'));
      const known =
        /^(lib\/[\w/-]+\.js|types\/\w+\.d\.ts|src\/[\w/]+\.rs|crates\/[\w-]+\/((?:src|benches)\/[\w/]+\.rs|Cargo\.toml))$/;
      const single = files.filter((file) => !known.test(file)).sort();

      assert.deepStrictEqual(
        single.filter((file) => !/^[A-Z-]+\.md$/.test(file)),
        [
          'Cargo.lock',
          'Cargo.toml',
          'LICENSE',
          'browser.js',
          'build.rs',
          'docs/api.md',
          'docs/architecture.md',
          'docs/bundling.md',
          'docs/install.md',
          'docs/notes-performance.md',
          'docs/notes.md',
          'docs/performance.md',
          'docs/platforms.md',
          'docs/releasing.md',
          'docs/runtimes.md',
          'docs/scaling.md',
          'docs/suites.md',
          'docs/testing.md',
          'docs/versioning.md',
          'index.d.ts',
          'index.js',
          'package.json',
          'scripts/build-cache.js',
          'scripts/build.js',
          'scripts/libnode-stand-in.js',
          'scripts/numbers.js',
          'scripts/override.js',
          'scripts/replace-file.js',
          'scripts/targets.js',
          'wrapper.d.mts',
          'wrapper.mjs'
        ]
      );
      for (const needed of [
        'lib/api/websocket.js',
        'src/lib.rs',
        'types/codec.d.ts'
      ]) {
        assert.ok(files.includes(needed), `${needed} is missing`);
      }
    });

    it('has what the pages in its folder link to', () => {
      const root = path.join(folder, 'node_modules/ws-rs');
      const pages = fs.readdirSync(root).filter((name) => name.endsWith('.md'));

      assert.deepStrictEqual(pages.sort(), [
        'CHANGELOG.md',
        'CONTRIBUTING.md',
        'README.md',
        'SECURITY.md',
        'THIRD-PARTY.md'
      ]);
      for (const page of pages) {
        const text = fs.readFileSync(path.join(root, page), 'utf8');

        for (const [, target] of text.matchAll(/\]\(([^)#:]+)[^):]*\)/g)) {
          const exists = fs.existsSync(path.join(root, target));

          assert.ok(exists, `${page} links to ${target}, which is not packed`);
        }
      }
    });

    it('says what to do when there is no binary', () => {
      const { status, stdout } = node(
        folder,
        [
          '-e',
          `try { require('ws-rs') } catch (err) {
             console.log(err.code + '\\n' + err.message);
           }`
        ],
        { WS_RS_CACHE: path.join(temporary, 'nothing-built') }
      );

      assert.strictEqual(status, 0);
      assert.match(stdout, /^WS_RS_NO_BINARY\n/);
      assert.match(stdout, new RegExp(`@ws-rs/${TARGET}: not installed`));
      assert.match(stdout, /npx --no-install ws-rs-build/);
    });

    it('has a command that builds it, and says if cargo is missing', () => {
      const bin = manifestOf(folder).bin['ws-rs-build'];
      const script = path.join(folder, 'node_modules/ws-rs', bin);
      const { status, stderr } = node(folder, [script], {
        CARGO: path.join(folder, 'no-cargo'),
        WS_RS_CACHE: path.join(temporary, 'nothing-built')
      });

      assert.strictEqual(status, 1);
      assert.match(stderr, /^ws-rs-build: .*needs Rust .*rustup\.rs/);
    });

    it('is a complete cargo workspace', (t) => {
      const cargo = spawnSync(
        'cargo',
        ['metadata', '--format-version=1', '--no-deps', '--offline'],
        { cwd: path.join(folder, 'node_modules/ws-rs'), encoding: 'utf8' }
      );
      if (cargo.error?.code === 'ENOENT') return t.skip('cargo is missing');

      assert.strictEqual(cargo.status, 0, cargo.stderr);
      const names = JSON.parse(cargo.stdout).packages.map(({ name }) => name);
      assert.deepStrictEqual(names.sort(), [
        'ws-rs',
        'ws-rs-engine',
        'ws-rs-peer-tests',
        'ws-rs-protocol',
        'ws-rs-wire'
      ]);
    });

    it('runs with a binary that was built in its folder', () => {
      const local = path.join(folder, 'node_modules/ws-rs', BINARY);

      fs.copyFileSync(path.join(ROOT, BINARY), local);
      try {
        assert.strictEqual(echo(folder), 'echo me false\n');
      } finally {
        fs.rmSync(local);
      }
    });
  });

  describe('with the platform package', () => {
    let folder;

    before(() => {
      folder = install(
        path.join(temporary, 'platform'),
        tarball,
        platformTarball()
      );
    });

    it('runs when it is required', () => {
      assert.strictEqual(echo(folder), 'echo me false\n');
    });

    it('runs when it is imported', () => {
      const file = path.join(folder, 'echo.mjs');
      const names = 'import WebSocket, { WebSocketServer } from "ws-rs";';

      fs.writeFileSync(file, names + ECHO);
      const { stderr, stdout } = node(folder, [file]);
      assert.strictEqual(stdout, 'echo me false\n', stderr);
    });

    it('lets nobody reach into lib/', () => {
      const { stderr, status } = node(folder, [
        '-e',
        'require("ws-rs/lib/websocket.js")'
      ]);

      assert.notStrictEqual(status, 0);
      assert.match(stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
    });
  });

  function platformTarball() {
    const target = TARGETS.find(({ name }) => name === TARGET);

    assert.strictEqual(problemOf(target, ROOT), undefined);
    return packPlatform(target, ROOT, temporary).path;
  }
});

describe('releaseManifest', () => {
  it('drops what only a checkout needs', () => {
    const manifest = releaseManifest({
      name: 'ws-rs',
      version: '1.2.3',
      devDependencies: { a: '1.0.0' },
      scripts: { test: 'x' }
    });

    assert.deepStrictEqual(Object.keys(manifest), [
      'name',
      'version',
      'optionalDependencies'
    ]);
    assert.strictEqual(
      manifest.optionalDependencies['@ws-rs/linux-x64-gnu'],
      '1.2.3'
    );
  });
});

function manifestOf(folder) {
  const file = path.join(folder, 'node_modules/ws-rs/package.json');
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

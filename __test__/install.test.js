'use strict';

/**
 * From a checkout to a running program, as the README has it: pack, install in
 * an empty folder, build if there is no binary, run, `npm ci`, run again.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { echo, install, node, npm } = require('./support/installed');
const { pack } = require('../scripts/pack');

const ROOT = path.resolve(__dirname, '..');
// Always the same folder, so that cargo's own does not grow with each run.
const FOLDER = path.join(ROOT, 'target', 'install-test');
const CACHE = path.join(FOLDER, 'cache');
const BUILD = 'node_modules/ws-rs/scripts/build.js';

const noCargo =
  spawnSync('cargo', ['--version']).error &&
  'cargo is missing, and nothing can be built without';

describe('A checkout that is packed', () => {
  before(() => {
    fs.rmSync(FOLDER, { force: true, recursive: true });
    fs.mkdirSync(FOLDER, { recursive: true });
  });
  after(() => fs.rmSync(FOLDER, { force: true, recursive: true }));

  describe('with its binary', () => {
    let folder, tarball;

    before(() => {
      // The binary is there: the tests could not run without.
      const [{ filename }] = JSON.parse(
        npm(
          ROOT,
          'pack',
          '--json',
          '--ignore-scripts',
          '--pack-destination',
          FOLDER
        )
      );
      tarball = path.join(FOLDER, filename);
      folder = install(path.join(FOLDER, 'binary'), tarball);
    });

    it('runs where it is installed, and after npm ci', () => {
      const env = { WS_RS_CACHE: path.join(FOLDER, 'no-cache') };

      assert.strictEqual(echo(folder, env), 'echo me false\n');
      npm(folder, 'ci', '--offline');
      assert.strictEqual(echo(folder, env), 'echo me false\n');
    });

    it('has commands that npx finds without asking a registry', () => {
      const named = fs.mkdtempSync(path.join(FOLDER, 'named-'));

      install(named, `ws@file:${tarball}`);
      for (const cwd of [folder, named]) {
        for (const command of ['ws-rs-build', 'ws-rs-override']) {
          const { status, stdout } = spawnSync(
            'npx',
            ['--offline', '--no-install', command, '--help'],
            { cwd, encoding: 'utf8', shell: process.platform === 'win32' }
          );

          assert.strictEqual(status, 0);
          assert.ok(stdout.startsWith(`Usage: npx --no-install ${command}`));
        }
      }
    });
  });

  describe('without a binary', { skip: noCargo }, () => {
    const env = {
      CARGO_TARGET_DIR:
        process.env.CARGO_TARGET_DIR || path.join(ROOT, 'target'),
      WS_RS_CACHE: CACHE
    };
    let folder;

    before(() => {
      folder = install(
        path.join(FOLDER, 'sources'),
        pack(FOLDER, { sources: true })
      );
    });

    it('runs when ws-rs-build has built it', () => {
      const built = node(folder, [BUILD], env);

      assert.strictEqual(built.status, 0, built.stderr);
      assert.match(built.stdout, /^kept as .*\n.*built ws-rs\..*\.node/);
      assert.strictEqual(echo(folder, env), 'echo me false\n');
    });

    it('still runs after npm ci, from the cache', () => {
      npm(folder, 'ci', '--offline');

      assert.deepStrictEqual(binaries(folder), []);
      assert.strictEqual(echo(folder, env), 'echo me false\n');
    });

    it('gets its binary back from ws-rs-build without a compiler', () => {
      const again = node(folder, [BUILD], { ...env, CARGO: 'no-such-cargo' });

      assert.strictEqual(again.status, 0, again.stderr);
      assert.match(again.stdout, /^took ws-rs\..*\.node from /);
      assert.strictEqual(binaries(folder).length, 1);
      assert.strictEqual(
        echo(folder, { WS_RS_CACHE: path.join(FOLDER, 'no-cache') }),
        'echo me false\n'
      );
    });

    it('does not take what does not load, nor what others can write', () => {
      const [name] = fs.readdirSync(CACHE);
      const file = path.join(CACHE, name);
      const noCargoThere = { ...env, CARGO: 'no-such-cargo' };

      fs.writeFileSync(file, 'not a library');
      const broken = node(folder, [BUILD], noCargoThere);
      assert.strictEqual(broken.status, 1);
      assert.match(broken.stderr, /building again, as .* does not load here/);

      if (process.platform === 'win32') return;
      fs.chmodSync(file, 0o666);
      const open = node(folder, [BUILD], noCargoThere);
      assert.strictEqual(open.status, 1);
      assert.match(open.stderr, /building again, as .* chmod go-w/);
    });

    it('is not run from a cache that others can write', (t) => {
      if (process.platform === 'win32') {
        return t.skip('Windows has no such permission bits');
      }
      npm(folder, 'ci', '--offline');
      const { status, stderr } = node(folder, ['-e', 'require("ws-rs")'], env);

      assert.notStrictEqual(status, 0);
      assert.match(stderr, /WS_RS_NO_BINARY/);
      assert.match(stderr, /can be written by other users/);
    });
  });
});

function binaries(folder) {
  return fs
    .readdirSync(path.join(folder, 'node_modules/ws-rs'))
    .filter((name) => name.endsWith('.node'));
}

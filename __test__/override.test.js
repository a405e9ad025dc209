'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { afterEach, beforeEach, describe, it } = require('node:test');

const { override } = require('../scripts/override');

const SCRIPT = require.resolve('../scripts/override');

describe('override', () => {
  let project;

  beforeEach(() => {
    project = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-override-'));
    write('package.json', {
      dependencies: { ws: 'npm:ws-rs@^8.23.0' },
      overrides: { other: '1.0.0' }
    });
    write('node_modules/ws/package.json', { name: 'ws-rs' });
    write('node_modules/.package-lock.json', {});
    write('node_modules/a/node_modules/ws/package.json', { name: 'ws' });
    write('package-lock.json', {
      packages: {
        '': {},
        'node_modules/a': { version: '1.0.0' },
        'node_modules/a/node_modules/ws': { version: '8.17.1' },
        'node_modules/b/node_modules/ws': { name: 'ws-rs' },
        'node_modules/not-ws': { version: '1.0.0' },
        'node_modules/ws': { name: 'ws-rs' },
        'packages/c/node_modules/ws': { version: '7.5.0' }
      }
    });
  });
  afterEach(() => fs.rmSync(project, { recursive: true }));

  it('adds to the overrides that are there', () => {
    override(project);
    assert.deepStrictEqual(read('package.json').overrides, {
      other: '1.0.0',
      ws: '$ws'
    });
  });

  it('removes every other ws from the lock file and its folder, no more', () => {
    assert.deepStrictEqual(override(project), [
      { name: 'node_modules/a/node_modules/ws', version: '8.17.1' },
      { name: 'packages/c/node_modules/ws', version: '7.5.0' }
    ]);
    assert.deepStrictEqual(Object.keys(read('package-lock.json').packages), [
      '',
      'node_modules/a',
      'node_modules/b/node_modules/ws',
      'node_modules/not-ws',
      'node_modules/ws'
    ]);
    assert.ok(exists('node_modules/a'));
    assert.ok(exists('node_modules/ws/package.json'));
    assert.ok(!exists('node_modules/a/node_modules/ws'));
    assert.ok(!exists('node_modules/.package-lock.json'));
  });

  it('says so of copies that had another API', () => {
    const run = () =>
      spawnSync(process.execPath, [SCRIPT], { cwd: project, encoding: 'utf8' })
        .stdout;

    assert.match(
      run(),
      /ws \(8\.17\.1\)\nremoved packages\/c\/node_modules\/ws \(7\.5\.0\)\n\nWhat had a ws older than 8 /
    );
    write('package-lock.json', {
      packages: { 'node_modules/a/node_modules/ws': { version: '8.17.1' } }
    });
    assert.match(run(), /ws \(8\.17\.1\)\nNow run /);
  });

  it('keeps the indentation of the files', () => {
    const file = path.join(project, 'package.json');

    fs.writeFileSync(file, '{\n\t"dependencies": { "ws": "x" }\n}\n');
    override(project);
    assert.match(
      fs.readFileSync(file, 'utf8'),
      /^\t"overrides": \{\n\t\t"ws"/m
    );
  });

  it('says what to do first where ws is not ws-rs', () => {
    write('node_modules/ws/package.json', { name: 'ws' });
    assert.throws(() => override(project), /First: npm install ws@/);

    write('node_modules/ws/package.json', { name: 'ws-rs' });
    write('package.json', {});
    assert.throws(() => override(project), /First: npm install ws@/);
    assert.deepStrictEqual(read('package.json'), {});
  });

  it('leaves projects of other package managers alone', () => {
    for (const name of ['pnpm-lock.yaml', 'yarn.lock']) {
      write(name, {});
      assert.throws(
        () => override(project),
        new RegExp(`${name} says that this is no project of npm`)
      );
      fs.rmSync(path.join(project, name));
    }
    assert.strictEqual(read('package.json').overrides.ws, undefined);
  });

  it('says so where no project is', () => {
    const folder = path.join(project, 'node_modules');
    assert.throws(() => override(folder), /there is no package\.json in /);
  });

  function exists(name) {
    return fs.existsSync(path.join(project, name));
  }

  function read(name) {
    return JSON.parse(fs.readFileSync(path.join(project, name), 'utf8'));
  }

  function write(name, value) {
    const file = path.join(project, name);

    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify(value, null, 2));
  }
});

'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { launcherScript } = require('../../scripts/platforms/launchers');

const PRELOAD = path.resolve(__dirname, '../../scripts/platforms/preload.js');

describe(
  'The launcher of an emulated Node',
  { skip: process.platform === 'win32' && 'it is a script of the shell' },
  () => {
    let folder;
    let file;

    before(() => {
      folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-launcher-'));
      file = path.join(folder, 'node');
      // In place of an emulator: a program that notes that it was called.
      const emulator = path.join(folder, 'emulator');

      fs.writeFileSync(
        emulator,
        `#!/bin/sh\necho called >> '${folder}/calls'\nexec "$@"\n`,
        { mode: 0o755 }
      );
      fs.writeFileSync(
        file,
        launcherScript({
          ...{ file, preload: PRELOAD, qemu: emulator },
          node: process.execPath
        }),
        { mode: 0o755 }
      );
    });
    after(() => fs.rmSync(folder, { recursive: true }));

    function launch(program, env = {}) {
      fs.writeFileSync(path.join(folder, 'calls'), '');
      const { NODE_OPTIONS, ...inherited } = process.env;
      const { status, stderr, stdout } = spawnSync(file, ['-e', program], {
        encoding: 'utf8',
        env: { ...inherited, ...env }
      });

      assert.strictEqual(status, 0, stderr);
      const calls = fs.readFileSync(path.join(folder, 'calls'), 'utf8');
      return { calls: calls.split('\n').length - 1, stdout };
    }

    it('gives the emulator the root of another system', () => {
      const script = launcherScript({
        ...{ file, node: '/node', preload: PRELOAD, root: '/another system' },
        qemu: '/bin/echo'
      });

      fs.writeFileSync(path.join(folder, 'rooted'), script, { mode: 0o755 });
      const { stdout } = spawnSync(path.join(folder, 'rooted'), ['-p', '1'], {
        encoding: 'utf8'
      });

      assert.strictEqual(stdout, '-L /another system /node -p 1\n');
    });

    it('is what a program starts its children with', () => {
      const { calls, stdout } = launch(`
        const { execFileSync } = require('node:child_process');
        const child = 'process.stdout.write(process.execPath)';
        process.stdout.write(execFileSync(process.execPath, ['-e', child]));
      `);

      assert.deepStrictEqual({ calls, stdout }, { calls: 2, stdout: file });
    });

    it('is it also for children without NODE_OPTIONS', () => {
      const { calls, stdout } = launch(`
        const { execFileSync } = require('node:child_process');
        const { NODE_OPTIONS, ...env } = process.env;
        const child = 'process.stdout.write(process.execPath)';
        process.stdout.write(
          execFileSync(process.execPath, ['-e', child], { env })
        );
      `);

      assert.deepStrictEqual({ calls, stdout }, { calls: 2, stdout: file });
    });

    it('keeps NODE_OPTIONS, and adds to it once', () => {
      const { stdout } = launch(
        `
        const { execFileSync } = require('node:child_process');
        const child = 'process.stdout.write(process.env.NODE_OPTIONS)';
        process.stdout.write(execFileSync(process.execPath, ['-e', child]));
      `,
        { NODE_OPTIONS: '--no-deprecation' }
      );

      assert.strictEqual(stdout, `--require=${PRELOAD} --no-deprecation`);
    });
  }
);

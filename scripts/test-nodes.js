'use strict';

/**
 * Runs the tests of the JS side on every Node version that is supported, with
 * the binary that is built already. The versions come from npm packages and
 * stay in .cache/.
 *
 *   npm run test:nodes -- [majors, such as 22 24] [files] [--verbose]
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { ROOT } = require('./run');

const MAJORS = ['20', '22', '24', '26'];
const PLATFORM = process.platform === 'win32' ? 'win' : process.platform;
const PACKAGE = `node-${PLATFORM}-${process.arch}`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { verbose: { type: 'boolean', default: false } }
});
const majors = positionals.filter((arg) => /^\d+$/.test(arg));
const files = positionals.filter((arg) => !majors.includes(arg));
const failed = [];

for (const major of majors.length > 0 ? majors : MAJORS) {
  const { line, ok } = testOn(major);

  console.log(line);
  if (!ok) failed.push(major);
}

if (failed.length > 0) {
  console.error(`test-nodes: failed on Node ${failed.join(', ')}`);
  process.exitCode = 1;
}

function testOn(major) {
  const node = install(major);
  if (!node) return { line: `Node ${major}: could not be installed` };

  const tests = spawnSync(
    node,
    [path.join(__dirname, 'test-node.js'), ...files],
    {
      cwd: ROOT,
      encoding: 'utf8',
      env: {
        ...process.env,
        PATH: [path.dirname(node), process.env.PATH].join(path.delimiter)
      },
      maxBuffer: 2 ** 30
    }
  );
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout;
  // One summary for each transport.
  const count = (name) =>
    Array.from(
      tests.stdout.matchAll(new RegExp(`^ℹ ${name} (\\d+)`, 'gm')),
      ([, number]) => Number(number)
    ).reduce((sum, number) => sum + number, 0);
  const ok = tests.status === 0;

  if (values.verbose || !ok) process.stderr.write(tests.stdout + tests.stderr);
  return {
    line:
      `Node ${version.trim()}: ${ok ? 'ok' : 'FAILED'}, ` +
      `${count('tests')} tests, ${count('pass')} passed, ` +
      `${count('fail')} failed, ${count('skipped')} skipped`,
    ok
  };
}

// Returns the path of the executable, or undefined if npm could not get it.
function install(major) {
  const folder = path.join(ROOT, '.cache', `node-${major}`);
  const node = path.join(
    folder,
    'node_modules',
    PACKAGE,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node'
  );

  if (fs.existsSync(node)) return node;

  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}\n');
  spawnSync('npm', ['install', '--no-package-lock', `${PACKAGE}@${major}`], {
    cwd: folder,
    shell: process.platform === 'win32',
    stdio: ['ignore', 'ignore', 'inherit']
  });
  return fs.existsSync(node) ? node : undefined;
}

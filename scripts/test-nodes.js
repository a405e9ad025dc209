'use strict';

/**
 * Runs the tests of the JS side on every Node version that is supported, with
 * the binary that is built already. The versions come from npm packages and
 * stay in .cache/.
 *
 *   npm run test:nodes -- [majors, such as 22 24] [files] [options]
 *
 *   --others   not on the major version that runs this, for `npm test` was there
 *   --verbose  print all that the tests say
 *
 * On the oldest they run as with `npm test`, on the newest nearly so (see
 * `--no-matrices` of test-node.js), on the others once, with the transports that
 * connections choose.
 */

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { parseArgs } = require('node:util');

const { ROOT } = require('./run');

const MAJORS = ['20', '22', '24', '26'];
const PLATFORM = process.platform === 'win32' ? 'win' : process.platform;
const PACKAGE = `node-${PLATFORM}-${process.arch}`;

/** What `node --test` says last, and how many there were of what. */
const SUMMARY = /^ℹ (\w+) ([\d.]+)$/;

main().catch((err) => {
  console.error(`test-nodes: ${err.message}`);
  process.exitCode = 1;
});

async function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      others: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false }
    }
  });
  const named = positionals.filter((arg) => /^\d+$/.test(arg));
  const files = positionals.filter((arg) => !named.includes(arg));
  const own = values.others ? process.versions.node.split('.')[0] : null;
  const lines = [];
  let failed = false;

  for (const major of named.length > 0 ? named : MAJORS) {
    if (major === own) continue;

    const { line, ok } = await testOn(major, files, values.verbose);

    lines.push(line);
    failed ||= !ok;
  }

  console.log(`\n${lines.join('\n')}`);
  if (failed) process.exitCode = 1;
}

/** Prints the summaries, and all that was said if a test failed. */
async function testOn(major, files, verbose) {
  const node = install(major);

  if (node === null) {
    return { line: `Node ${major}: FAILED, npm could not get ${PACKAGE}` };
  }

  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout;
  const counts = new Map();
  const said = [];
  const tests = spawn(node, argsFor(major, files), {
    cwd: ROOT,
    env: {
      ...process.env,
      PATH: [path.dirname(node), process.env.PATH].join(path.delimiter)
    },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  const ended = once(tests, 'close');

  console.log(`\nNode ${version.trim()}`);
  for (const stream of [tests.stdout, tests.stderr]) {
    readline.createInterface({ input: stream }).on('line', (line) => {
      const [, name, count] = SUMMARY.exec(line) ?? [];
      const isShown = name !== undefined || line.startsWith('test-node: ');

      if (name) counts.set(name, (counts.get(name) ?? 0) + Number(count));
      if (verbose || isShown) console.log(line);
      said.push(line);
    });
  }

  const [code] = await ended;
  const ok = code === 0 && counts.get('pass') > 0;
  const count = (name) => `${counts.get(name) ?? 0} ${name}`;

  if (!ok && !verbose) console.error(said.join('\n'));
  return {
    line:
      `Node ${version.trim()}: ${ok ? 'ok' : 'FAILED'}, ` +
      ['tests', 'pass', 'fail', 'cancelled', 'skipped'].map(count).join(', '),
    ok
  };
}

function argsFor(major, files) {
  return [
    path.join(__dirname, 'test-node.js'),
    ...(files.length > 0 ? files : ['--no-tools']),
    ...flagsFor(major)
  ];
}

function flagsFor(major) {
  if (major === MAJORS.at(0)) return [];
  return [major === MAJORS.at(-1) ? '--no-matrices' : '--once'];
}

/** The path of the executable, or null if npm could not get it. */
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
  return fs.existsSync(node) ? node : null;
}

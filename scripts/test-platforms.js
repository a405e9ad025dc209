'use strict';

/**
 * Runs the tests on other platforms, from Debian on x86-64: programs of Linux
 * on other processors by qemu, those of Windows by Wine. What is missing of
 * the binaries is built first, as `npm run dist` does.
 *
 *   npm run test:platforms -- [--install] [--resume] [targets] [test files]
 *
 *   --install  as root: install what is missing, from Debian, PyPI and npm
 *   --resume   each test file by itself, but for those that have passed with
 *              the same checkout and binary
 *
 * What each platform wrote is kept in .cache/platforms/<target>/tests.log.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { make } = require('./dist');
const { launcher } = require('./platforms/launchers');
const { MACHINES } = require('./platforms/machines');
const { fingerprint, Record } = require('./platforms/record');
const { sources, stage } = require('./platforms/stage');
const { summarize } = require('./platforms/summary');
const { FOLDER, need } = require('./platforms/tools');
const { ROOT } = require('./run');
const { TARGETS, UNPUBLISHED } = require('./targets');
const { testFiles, TOOLS, wantsAcceptByNode } = require('./test-files');

/** How many times longer than natively a test may take. */
const SLOWNESS = 20;
/** Until what runs counts as hanging. */
const LONGEST = { all: 3 * 3_600_000, file: 30 * 60_000 }; // ms

if (require.main === module) {
  try {
    main();
  } catch (err) {
    console.error(`test-platforms: ${err.message}`);
    process.exitCode = 1;
  }
}

function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { install: { type: 'boolean' }, resume: { type: 'boolean' } }
  });
  const files = positionals.filter((arg) => arg.endsWith('.js'));
  const names = positionals.filter((arg) => !files.includes(arg));
  const unknown = names.find((name) => !Object.hasOwn(MACHINES, name));

  if (unknown) {
    throw new Error(
      `no machine for "${unknown}", there are ${Object.keys(MACHINES).join(', ')}`
    );
  }

  const chosen = names.length > 0 ? names : Object.keys(MACHINES);
  const tools = chosen.flatMap((name) => MACHINES[name].tools);

  need(['rust', 'zig', ...new Set(tools)], values.install);

  const failed = chosen.filter((name) => !testOn(name, files, values.resume));

  if (failed.length > 0) {
    console.error(`\ntest-platforms: failed on ${failed.join(', ')}`);
    process.exitCode = 1;
  }
}

function testOn(name, files, resume) {
  const machine = MACHINES[name];
  const folder = path.join(FOLDER, name);
  const checkout = path.join(folder, 'checkout');
  const log = path.join(folder, 'tests.log');
  const target = [...TARGETS, ...UNPUBLISHED].find((t) => t.name === name);
  const { file, problems } = make(target);

  if (problems.length > 0) {
    for (const problem of problems) console.error(`${name} ${problem}`);
    return false;
  }

  const isSmoke = machine.tests === 'smoke' && files.length === 0;
  stage(checkout, file, isSmoke ? undefined : machine.npm);

  const commands = isSmoke
    ? [{ args: ['scripts/smoke-test.js'], name: 'smoke' }]
    : suite(machine, files, resume);
  const record =
    resume && !isSmoke
      ? new Record(
          path.join(folder, 'passed.json'),
          fingerprint(checkout, [...sources(), path.basename(file)])
        )
      : undefined;
  const started = Date.now();
  const statuses = runLogged(launcher(name, machine, checkout), commands, {
    checkout,
    kind: machine.kind,
    log,
    record,
    stream: machine.tests === 'stream'
  });
  const seconds = Math.round((Date.now() - started) / 1000);
  const failedFiles = commands.filter((_, i) => statuses[i] !== 0);
  const ok = failedFiles.length === 0;

  report(name, { isSmoke, log, machine, ok, seconds });
  if (commands.length > 1) {
    for (const { name: one } of failedFiles) console.error(`  failed: ${one}`);
  }
  return ok;
}

// What Node is called with: once for all files, or for each. `name` is what it is
// noted under.
function suite({ except = {}, oneByOne }, files, resume) {
  const all =
    files.length > 0
      ? files
      : testFiles().filter((file) => !TOOLS.includes(file));
  const left = all
    .filter((file) => !Object.hasOwn(except, nameOf(file)))
    .map((file) => path.relative(ROOT, path.resolve(file)));

  if (!oneByOne && !resume) {
    return [{ args: ['scripts/test-node.js', '--once', ...left], name: 'all' }];
  }
  // Without a runner, as a Node may take many seconds to start there.
  return left.flatMap((file) => {
    const args = ['--test-reporter=spec', file];
    const first = { args, name: file };

    return oneByOne || !wantsAcceptByNode(file)
      ? [first]
      : [
          first,
          {
            args,
            env: { WS_RS_ACCEPT: 'node' },
            name: `${file}, accepted by Node`
          }
        ];
  });
}

function nameOf(file) {
  return path
    .relative(path.join(ROOT, '__test__'), path.resolve(file))
    .replace(/\.test\.js$/, '');
}

// Into a file, as Node under Wine cannot write into pipes.
function runLogged(
  { args, command, env },
  commands,
  { checkout, kind, log, record, stream }
) {
  const fd = fs.openSync(log, 'w');

  try {
    return commands.map((one) => {
      const before = record?.outputOf(one.name);

      if (before !== undefined) {
        fs.writeSync(fd, before);
        return 0;
      }

      const start = fs.fstatSync(fd).size;
      const child = spawnSync(command, [...args, ...one.args], {
        cwd: checkout,
        env: {
          ...env,
          // These machines are slow, and this one may be at work besides.
          WS_RS_TEST_MACHINE: kind,
          WS_RS_TEST_SLOWNESS: String(SLOWNESS),
          ...(stream && { WS_RS_TRANSPORT: 'stream' }),
          ...one.env
        },
        stdio: ['ignore', fd, fd],
        timeout: commands.length > 1 ? LONGEST.file : LONGEST.all
      });

      if (child.error && child.error.code !== 'ETIMEDOUT') throw child.error;
      if (child.status === 0) {
        record?.add(one.name, fs.readFileSync(log).toString('utf8', start));
      }
      return child.status;
    });
  } finally {
    fs.closeSync(fd);
  }
}

function report(name, { isSmoke, log, machine, ok, seconds }) {
  const text = fs.readFileSync(log, 'utf8');
  const state = ok ? 'ok' : 'FAILED';

  if (isSmoke) {
    const lines = text.trim().split('\n');
    console.log(`${name}: ${state}, ${ok ? lines.at(-1) : text}`);
    return;
  }

  const { failed, failures, passed, skipped, skips, tests } = summarize(text);

  console.log(
    `${name}: ${state}, ${tests} tests, ${passed} passed, ${failed} failed, ` +
      `${skipped} skipped, in ${seconds} s`
  );
  console.log(
    `  left out: the ${TOOLS.length} tests of what packs, builds and checks this ` +
      'checkout: not of the package'
  );
  for (const [file, reason] of Object.entries(machine.except ?? {})) {
    console.log(`  left out: ${file}: ${reason}`);
  }
  for (const line of skips) console.log(`  skipped: ${line}`);
  for (const line of failures) console.error(`  failed: ${line}`);
  if (!ok) console.error(`  see ${path.relative(ROOT, log)}`);
}

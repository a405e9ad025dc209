'use strict';

/**
 * Runs tests of the JS side with something forced on all their connections that
 * programs ask for by an option:
 *
 *   npm run test:forced -- threads|tls [--node FILE] [files]
 *
 *   threads  I/O threads, for servers and clients
 *   tls      TLS of our own, for each `https.Server` with a key
 *
 * Without files: those of the folders that it is about. Which fail by design, and
 * why, is in forced-by-design.js. The exit code is 0 if no other test fails, and
 * each of these is still there.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { pathToFileURL } = require('node:url');

const { ROOT } = require('./run');
const { testFiles, TOOLS } = require('./test-files');
const { BY_DESIGN, LEFT_OUT } = require('./forced-by-design');
const { verdict } = require('./forced-verdict');

const FOLDER = path.join(ROOT, '__test__');
const PRELOAD = path.join(FOLDER, 'support/threads-as-loop.js');
const REPORTER = pathToFileURL(path.join(__dirname, 'forced-results.mjs'));
const TIMEOUT = 300_000; // ms, for each test

const ENVIRONMENT = {
  threads: {
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require=${PRELOAD}`,
    WS_RS_IO_THREADS: '1'
  },
  tls: { WS_RS_TLS: 'forced' }
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { node: { type: 'string', default: process.execPath } }
});
const [name, ...chosen] = positionals;

if (!Object.hasOwn(ENVIRONMENT, name ?? '')) {
  console.error(
    `test-forced: say what to force, one of ${Object.keys(ENVIRONMENT).join(', ')}`
  );
  process.exitCode = 1;
} else {
  process.exitCode = main();
}

/** Runs the tests; returns the exit code. */
function main() {
  const files =
    chosen.length > 0 ? chosen.map((file) => path.resolve(file)) : allFiles();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-forced-'));
  const output = path.join(folder, 'results');

  try {
    const { error, status, signal } = spawnSync(
      values.node,
      [
        ...['--test', `--test-timeout=${TIMEOUT}`],
        ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
        `--test-reporter=${REPORTER}`,
        `--test-reporter-destination=${output}`,
        ...files
      ],
      {
        cwd: ROOT,
        env: { ...process.env, ...ENVIRONMENT[name] },
        stdio: 'inherit'
      }
    );

    if (error) throw error;
    // 1 if a test failed
    if (status !== 0 && status !== 1) {
      throw new Error(`node --test ended with ${signal ?? status}`);
    }

    const { lines, ok } = verdict({
      failed: status === 1,
      files: files.map(nameOf),
      listed: BY_DESIGN[name],
      results: fs
        .readFileSync(output, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
        .map(({ file, ...others }) => ({ file: nameOf(file), ...others }))
    });

    console.log(`\ntest-forced: ${name}, ${values.node}`);
    for (const line of lines) console.log(`  ${line}`);
    return ok ? 0 : 1;
  } catch (err) {
    console.error(`test-forced: ${err.message}`);
    return 1;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function allFiles() {
  const without = LEFT_OUT[name].map(({ start }) => path.join(FOLDER, start));

  return testFiles().filter(
    (file) =>
      !TOOLS.includes(file) && !without.some((start) => file.startsWith(start))
  );
}

/** As the lists name a file. */
function nameOf(file) {
  return path
    .relative(FOLDER, path.resolve(ROOT, file))
    .replaceAll(path.sep, '/')
    .replace(/(\.test)?\.js$/, '');
}

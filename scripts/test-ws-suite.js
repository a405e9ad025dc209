'use strict';

/**
 * Runs the test suite of ws against this package.
 *
 *   npm run test:ws-suite -- <checkout of websockets/ws> [options]
 *
 *   --runs <n>           run it n times; default 1
 *   --transports <list>  once with each of stream, loop forced;
 *                        default: as WS_RS_TRANSPORT says
 *   --grep <pattern>     only the tests whose title matches
 *   --against <folder>   test another package, such as node_modules/ws, to see
 *                        what the suite says of the original
 *
 * Only the folder test/ of the checkout is used, and nothing of its
 * node_modules: the suite needs Node's own modules and mocha, which is ours.
 * See ws-suite-view.js for how it comes to test this package.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { binOf, ROOT } = require('./run');
const { makeView } = require('./ws-suite-view');

// The suite takes a few seconds. What runs longer has hung, most likely on a
// handle that was not closed, as mocha is not told to exit by itself.
const TIMEOUT = 60_000;

try {
  process.exitCode = main(process.argv.slice(2));
} catch (err) {
  console.error(`test-ws-suite: ${err.message}`);
  process.exitCode = 1;
}

function main(args) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    args,
    options: {
      against: { type: 'string', default: ROOT },
      grep: { type: 'string' },
      runs: { type: 'string', default: '1' },
      transports: { type: 'string' }
    }
  });
  const runs = Number(values.runs);

  if (positionals.length !== 1) {
    throw new Error(
      'give the path of a checkout of https://github.com/websockets/ws: ' +
        'npm run test:ws-suite -- ../ws'
    );
  }
  if (!Number.isInteger(runs) || runs < 1) {
    throw new Error(`--runs takes a number from 1 on, not "${values.runs}"`);
  }

  const view = makeView(
    path.resolve(positionals[0]),
    path.resolve(values.against)
  );
  const transports = values.transports?.split(',') ?? [undefined];
  let failures = 0;

  try {
    for (const transport of transports) {
      for (let run = 1; run <= runs; run++) {
        const title = transport ? `transport ${transport}, ` : '';
        console.log(`${title}run ${run} of ${runs}`);
        failures += runSuite(view.folder, { grep: values.grep, transport });
      }
    }
  } finally {
    view.remove();
  }

  return failures === 0 ? 0 : 1;
}

// Returns the number of failures.
function runSuite(folder, { grep, transport }) {
  const output = path.join(folder, 'report.json');
  const files = fs
    .readdirSync(path.join(folder, 'test'))
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => path.join('test', name));
  const options = ['--reporter', 'json', '--reporter-option'];

  fs.rmSync(output, { force: true });
  options.push(`output=${output}`);
  if (grep) options.push('--grep', grep);

  const mocha = spawnSync(
    process.execPath,
    // `_mocha`, with the flag for Node itself: the other one starts a process of
    // its own, which would be left behind by the time-out.
    ['--throw-deprecation', binOf('mocha', '_mocha'), ...options, ...files],
    {
      cwd: folder,
      encoding: 'utf8',
      env: transport
        ? { ...process.env, WS_RS_TRANSPORT: transport }
        : process.env,
      killSignal: 'SIGKILL',
      timeout: TIMEOUT
    }
  );

  if (!fs.existsSync(output)) {
    process.stderr.write(mocha.stdout + mocha.stderr);
    console.log(`no report: mocha ended with ${ending(mocha)}`);
    return 1;
  }

  const failures = report(JSON.parse(fs.readFileSync(output, 'utf8')));
  if (failures > 0 || mocha.status === 0) return failures;

  process.stderr.write(mocha.stderr);
  console.log(`all tests passed, but mocha ended with ${ending(mocha)}`);
  return 1;
}

function ending({ error, signal, status }) {
  if (error?.code === 'ETIMEDOUT') {
    return `no exit within ${TIMEOUT / 1000} s: a handle is still open`;
  }
  return signal ? `signal ${signal}` : `exit code ${status}`;
}

function report({ failures, pending, tests }) {
  const all = countBy(tests, (test) => path.basename(test.file));
  const titles = countBy(tests, key);
  const failed = new Map();

  // A test that passed and failed afterwards counts once, as a failure; the
  // report has it in both lists. Two tests may have the same title.
  for (const [title, count] of countBy(failures, key)) {
    const name = path.basename(title.split('\n', 1)[0]);
    const real = Math.min(count, titles.get(title) ?? 0);
    failed.set(name, (failed.get(name) ?? 0) + real);
  }
  for (const { file } of pending) {
    const name = path.basename(file);
    failed.set(name, (failed.get(name) ?? 0) + 1);
  }

  let passed = 0;
  for (const [name, count] of [...all].sort()) {
    const good = count - (failed.get(name) ?? 0);
    passed += good;
    console.log(`  ${name.padEnd(36)} ${good} of ${count}`);
  }
  console.log(`  ${'all'.padEnd(36)} ${passed} of ${tests.length}`);
  if (pending.length > 0) console.log(`  skipped: ${pending.length}`);

  for (const { err, file, fullTitle } of failures) {
    const text = String(err.stack || err.message);
    console.log(`\n  FAILED ${path.basename(file ?? '')}: ${fullTitle}`);
    console.log(`    ${text.replace(/\n/g, '\n    ')}`);
  }

  return failures.length;
}

function countBy(list, keyOf) {
  const counts = new Map();

  for (const item of list) {
    counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  }
  return counts;
}

function key(test) {
  return `${test.file}\n${test.fullTitle}`;
}

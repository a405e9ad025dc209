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
 * Without files: those of the folders that it is about. Those that fail by
 * design are in docs/testing.md.
 */

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { ROOT } = require('./run');
const { testFiles, TOOLS } = require('./test-files');

const PRELOAD = path.join(ROOT, '__test__/support/threads-as-loop.js');
const TIMEOUT = 300_000; // ms, for each test

const FORCED = {
  threads: {
    env: {
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require=${PRELOAD}`,
      WS_RS_IO_THREADS: '1'
    },
    // What starts other programs does not go with a preload of this checkout.
    without: ['ecosystem/', 'native/no-binary-error', 'differential']
  },
  tls: {
    env: { WS_RS_TLS: 'forced' },
    without: ['ecosystem/', 'differential']
  }
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { node: { type: 'string', default: process.execPath } }
});
const [name, ...chosen] = positionals;

if (!Object.hasOwn(FORCED, name ?? '')) {
  console.error(
    `test-forced: say what to force, one of ${Object.keys(FORCED).join(', ')}`
  );
  process.exitCode = 1;
} else {
  const { env, without } = FORCED[name];
  const files =
    chosen.length > 0
      ? chosen
      : testFiles().filter(
          (file) =>
            !TOOLS.includes(file) &&
            !without.some((start) =>
              file.startsWith(path.join(ROOT, '__test__', start))
            )
        );
  const { error, status } = spawnSync(
    values.node,
    [
      ...['--test', `--test-timeout=${TIMEOUT}`, '--test-reporter=spec'],
      ...files
    ],
    { cwd: ROOT, env: { ...process.env, ...env }, stdio: 'inherit' }
  );

  if (error) console.error(`test-forced: ${error.message}`);
  process.exitCode = status ?? 1;
}

'use strict';

/**
 * Runs tests of the JS side under valgrind, which watches every access to memory
 * that the addon makes:
 *
 *   npm run test:valgrind -- [files] [--native FILE] [--minutes 10]
 *
 * Node and the code that V8 makes are full of what looks like errors to it, so
 * that only those count that have the addon on their stack. The addon is built
 * with symbols, to target/valgrind. `--native` takes another build, and
 * `--minutes` is how long one file may take.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { ROOT, run } = require('./run');

/** They send, receive, give memory away and end in all ways, in minutes. */
const FILES = [
  'compression/codec',
  'compression/deflater',
  'compression/inflater',
  'compression/faults',
  'compression/results',
  'connection/decoder',
  'memory/message-memory',
  'faults/kept',
  'wire/frame-queue',
  'wire/loop-no-listener',
  'wire/loop-lent',
  'wire/loop-message-memory',
  'wire/odd-methods',
  'wire/outbox',
  'wire/outbox-sockets',
  'wire/stream-writer',
  'wire/taken-socket'
].map((name) => `__test__/${name}.test.js`);

/** A line of a stack that is in Rust, of which the addon alone is made. */
const IN_ADDON = /\b(?:at|by) 0x[0-9A-F]+: .*(?:ws[-_]rs|\.rs:\d+)/;
const ERROR =
  /^(?:Invalid|Mismatched|Source and destination|Argument|Jump|Process terminating)/;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    native: { type: 'string' }
  }
});

const native = values.native ? path.resolve(values.native) : build();
let hasFailed = false;

for (const file of positionals.length > 0 ? positionals : FILES) {
  const { errors, hasRun, line } = check(file);

  console.log(line);
  for (const error of errors) console.log(`\n${error}\n`);
  if (errors.length > 0 || !hasRun) hasFailed = true;
}

if (hasFailed) process.exitCode = 1;

/** Builds the addon with symbols; returns where it is. */
function build() {
  const folder = path.join(ROOT, 'target', 'valgrind');
  const status = run(
    process.env.CARGO || 'cargo',
    ['build', '--release', '--locked'],
    {
      env: {
        ...process.env,
        CARGO_PROFILE_RELEASE_DEBUG: '1',
        CARGO_PROFILE_RELEASE_STRIP: 'none',
        CARGO_TARGET_DIR: folder
      }
    }
  );

  if (status !== 0) process.exit(status);

  const addon = path.join(folder, 'ws-rs.node');

  fs.copyFileSync(path.join(folder, 'release', 'libws_rs.so'), addon);
  return addon;
}

/** Runs one file; tests that find valgrind too slow may fail, memory may not. */
function check(file) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'valgrind-'));
  const start = Date.now();
  const { error, stdout } = spawnSync(
    'valgrind',
    [
      // V8 writes the code that it runs.
      ...['--smc-check=all-non-file', '--undef-value-errors=no'],
      // What a program starts is watched, too.
      ...['--trace-children=yes', '--trace-children-skip=*openssl'],
      ...['--num-callers=40', `--log-file=${folder}/%p`],
      ...[process.execPath, file]
    ],
    {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, WS_RS_NATIVE_PATH: native },
      maxBuffer: 2 ** 30,
      timeout: values.minutes * 60_000
    }
  );

  if (error?.code === 'ENOENT') throw error;

  const errors = fs
    .readdirSync(folder)
    .flatMap((name) => errorsOf(path.join(folder, name)));
  const count = (name) =>
    new RegExp(`^[#ℹ] ${name} (\\d+)`, 'm').exec(stdout)?.[1] ?? '?';
  const seconds = Math.round((Date.now() - start) / 1000);

  fs.rmSync(folder, { recursive: true });
  return {
    errors,
    // Or it was stopped before its last test.
    hasRun: count('tests') > 0 || error !== undefined,
    line:
      `${file}: ${errors.length} errors in the addon; ` +
      `${count('pass')} of ${count('tests')} tests passed, ${seconds} s` +
      (error ? `, stopped: ${error.code}` : '')
  };
}

/** The errors of a log that have the addon on their stack. */
function errorsOf(log) {
  return (
    fs
      .readFileSync(log, 'utf8')
      .replace(/^==\d+== ?/gm, '')
      // An error may follow right behind one.
      .replace(/^Warning: .*$/gm, '')
      .split(/\n\s*\n/)
      .map((block) => block.trim())
      .filter((block) => ERROR.test(block) && IN_ADDON.test(block))
  );
}

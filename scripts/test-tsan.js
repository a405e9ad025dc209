'use strict';

/**
 * Runs the tests of the crates under ThreadSanitizer, which sees each access to
 * memory from two threads that nothing orders:
 *
 *   npm run test:tsan -- [arguments for cargo test]
 *
 * Rust's standard library is built anew for it, from its sources
 * (`rustup component add rust-src`), in a folder of its own. Linux on x86-64.
 */

const { run } = require('./run');

const TARGET = 'x86_64-unknown-linux-gnu';
const chosen = process.argv.slice(2);

process.exitCode = run(
  process.env.CARGO || 'cargo',
  [
    ...['test', '--locked', '-Zbuild-std', '--target', TARGET, '--lib'],
    ...(chosen.length > 0 ? chosen : ['-p', 'ws-rs-wire', '-p', 'ws-rs-engine'])
  ],
  {
    env: {
      ...process.env,
      CARGO_TARGET_DIR: 'target/tsan',
      // These flags are unstable, and the stable compiler knows them.
      RUSTC_BOOTSTRAP: '1',
      RUSTFLAGS: `${process.env.RUSTFLAGS ?? ''} -Zsanitizer=thread`.trim(),
      TSAN_OPTIONS: process.env.TSAN_OPTIONS ?? 'halt_on_error=0 exitcode=66'
    }
  }
);

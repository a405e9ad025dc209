'use strict';

/**
 * Runs what is between I/O threads and the event loop in all orders that there
 * can be:
 *
 *   npm run test:loom
 *
 * loom builds the crate anew, in a folder of its own.
 */

const { run } = require('./run');

process.exitCode = run(
  process.env.CARGO || 'cargo',
  ['test', '--release', '--locked', '-p', 'ws-rs-wire', '--lib', 'models'],
  {
    env: {
      ...process.env,
      CARGO_PROFILE_RELEASE_LTO: 'off',
      CARGO_TARGET_DIR: 'target/loom',
      RUSTFLAGS: `${process.env.RUSTFLAGS ?? ''} --cfg loom`.trim()
    }
  }
);

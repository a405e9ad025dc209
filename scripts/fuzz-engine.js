'use strict';

/**
 * Runs the body of the engine's fuzz target on random and changed inputs:
 *
 *   npm run fuzz:engine -- [--executions 10000000] [--seed 1]
 *
 * It takes one core for as long as it lasts, is blind to coverage, and stops
 * at the first failure with the input that it was. With cargo-fuzz, the same
 * body is led by coverage: `cargo fuzz run pair` in crates/engine.
 */

const { parseArgs } = require('node:util');

const { run } = require('./run');

const { values } = parseArgs({
  options: {
    executions: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: '1' }
  }
});

const name = 'the_pair_target_passes_on_random_inputs_and_changed_ones';

process.exitCode = run(
  process.env.CARGO || 'cargo',
  [
    ...['test', '--release', '--locked', '-p', 'ws-rs-engine'],
    ...['--test', 'fuzz_bodies', '--', '--exact', '--nocapture', name]
  ],
  {
    env: {
      ...process.env,
      // As fast as a release, with the checks of a debug build.
      CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS: 'true',
      CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS: 'true',
      CARGO_PROFILE_RELEASE_LTO: 'off',
      CARGO_TARGET_DIR: 'target/fuzz',
      WS_RS_FUZZ_EXECUTIONS: values.executions,
      WS_RS_FUZZ_SEED: values.seed
    }
  }
);

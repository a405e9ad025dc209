'use strict';

const { execFileSync, spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');

const crate = path.join(__dirname, '..', 'loadgen');
const program = path.join(crate, 'target', 'release', 'ws-rs-loadgen');

/** No run takes longer than this, in milliseconds. */
const patience = 300_000;

/**
 * Builds the load generator; cargo does nothing if it is up to date.
 *
 * @throws {Error} If cargo is missing or the build fails
 */
function buildGenerator() {
  const manifest = path.join(crate, 'Cargo.toml');

  try {
    execFileSync(
      'cargo',
      ['build', '--release', '--locked', '--manifest-path', manifest],
      {
        env: { ...process.env, CARGO_TARGET_DIR: path.join(crate, 'target') },
        stdio: ['ignore', 'inherit', 'inherit']
      }
    );
  } catch (error) {
    throw new Error(
      error.code === 'ENOENT'
        ? 'cargo is needed to build the load generator; see https://rustup.rs'
        : 'cargo could not build the load generator (see above)'
    );
  }
}

/**
 * Runs the load generator.
 *
 * @param {string[]} args Its arguments
 * @param {(program: string, args: string[]) => [string, string[]]} pin Makes a
 *   command of it that runs on the generator's core
 * @param {(event: string) => Promise<void>} [onEvent] Called when connections
 *   are open, used or closed; it goes on when the promise settles
 * @return {Promise<Object>} Its report
 * @throws {Error} With what it wrote to standard error
 */
async function generate(args, pin, onEvent) {
  const child = spawn(...pin(program, args), {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: patience
  });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  let complaint = '';
  let report = null;

  child.stdin.on('error', () => {}); // It has ended; its exit code says why.
  child.stderr.on('data', (data) => (complaint += data));

  const lines = readline.createInterface({ input: child.stdout });
  const read = (async () => {
    for await (const line of lines) {
      const value = JSON.parse(line);

      if (!value.event) {
        report = value;
        continue;
      }
      try {
        await onEvent?.(value.event);
      } finally {
        child.stdin.write('\n');
      }
    }
  })();
  const [code] = await Promise.all([ended, read]);

  if (code !== 0 || report === null) {
    throw new Error(
      complaint.trim() || `the load generator ended with ${code}`
    );
  }
  return report;
}

module.exports = { buildGenerator, generate };

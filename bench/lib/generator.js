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
 * The load generator at work. It prints lines of JSON: events, after each of
 * which it waits to be told to go on, and at the end a report.
 */
class Generator {
  #child;
  #lines;
  #ended;
  #complaint = '';

  /**
   * @param {string[]} args Its arguments
   * @param {(program: string, args: string[]) => [string, string[]]} pin Makes a
   *   command of it that runs on the generator's core
   */
  constructor(args, pin) {
    const child = spawn(...pin(program, args), {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: patience
    });

    const lines = readline.createInterface({ input: child.stdout });

    this.#child = child;
    this.#lines = lines[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => {
      child.on('error', (error) => {
        lines.close();
        resolve(error.message);
      });
      child.on('close', (code, signal) => resolve(code ?? signal));
    });
    child.stdin.on('error', () => {}); // It has ended; its exit code says why.
    child.stderr.on('data', (data) => (this.#complaint += data));
  }

  /**
   * @return {Promise<Object>} The next event; its name is in `event`, which a
   *   report does not have
   * @throws {Error} With what it wrote to standard error, if it ended without
   */
  async next() {
    const { value, done } = await this.#lines.next();

    if (!done) return JSON.parse(value);

    const end = await this.#ended;
    throw new Error(
      this.#complaint.trim() || `the load generator ended with ${end}`
    );
  }

  /** Lets it go on after an event. */
  proceed() {
    this.#child.stdin.write('\n');
  }

  /**
   * Tells a generator that waits that no more is wanted.
   *
   * @return {Promise<Object>} Its report
   */
  finish() {
    this.#child.stdin.end();
    return this.next();
  }

  /** Stops it, whatever it does, and waits until it is gone. */
  async stop() {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/**
 * Runs the load generator from beginning to end.
 *
 * @param {string[]} args Its arguments
 * @param {Function} pin As for a `Generator`
 * @param {(event: string) => Promise<void>} [onEvent] Called when connections
 *   are open, used or closed; it goes on when the promise settles
 * @return {Promise<Object>} Its report
 * @throws {Error} With what it wrote to standard error
 */
async function generate(args, pin, onEvent) {
  const generator = new Generator(args, pin);

  try {
    for (;;) {
      const line = await generator.next();

      if (!line.event) return line;
      await onEvent?.(line.event);
      generator.proceed();
    }
  } finally {
    await generator.stop();
  }
}

module.exports = { Generator, buildGenerator, generate };

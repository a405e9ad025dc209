'use strict';

// Starts a program of this repository and reads the address it prints.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const { SLOWNESS } = require('../support/machine');

const ROOT = path.join(__dirname, '../..');
const START_TIMEOUT = 15_000 * SLOWNESS; // ms

/**
 * Runs a JavaScript file of this repository on loopback, on a free port unless
 * `env` says otherwise.
 *
 * @param {string} file the path, absolute or from the root: `examples/echo.js`
 * @param {object} [options]
 * @param {string[]} [options.args] command line arguments
 * @param {object} [options.env] environment variables to add
 * @returns {Program} the running program
 */
function run(file, { args = [], env = {} } = {}) {
  const child = spawn(process.execPath, [path.resolve(ROOT, file), ...args], {
    cwd: ROOT,
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', ...env }
  });

  return new Program(child, file);
}

/** A running program and what it has printed so far. */
class Program {
  constructor(child, name) {
    this._name = name;

    /** @type {import('node:child_process').ChildProcess} the process */
    this.child = child;
    /** @type {Promise<{code: number?, signal: string?}>} how it ended */
    this.ended = once(child, 'close').then(([code, signal]) => ({
      code,
      signal
    }));
    /** @type {string} the standard error output so far */
    this.stderr = '';
    /** @type {string} the standard output so far */
    this.stdout = '';

    child.stdout.setEncoding('utf8').on('data', (text) => {
      this.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
  }

  /**
   * Waits until the program has printed what it should.
   *
   * @param {RegExp} pattern looked for in the whole standard output
   * @returns {Promise<RegExpMatchArray>} the match
   * @throws {Error} if the program ends, or 15 seconds pass, without it; the
   *     message has all output
   */
  async printed(pattern) {
    const deadline = AbortSignal.timeout(START_TIMEOUT);
    let ended = false;

    this.ended.then(() => (ended = true));

    for (;;) {
      const match = this.stdout.match(pattern);

      if (match) return match;

      if (ended || deadline.aborted) {
        throw new Error(
          `${this._name} ${ended ? 'ended' : 'ran'} without printing ` +
            `${pattern}:\n${this.stdout}${this.stderr}`
        );
      }

      await Promise.race([
        once(this.child.stdout, 'data', { signal: deadline }).catch(() => {}),
        this.ended
      ]);
    }
  }

  /** @returns {Promise<string>} the first URL printed, without `/` at the end */
  async url() {
    const [url] = await this.printed(/\b(?:https?|wss?):\/\/[^\s/]+/);

    return url;
  }

  /**
   * Asks the program to end and waits until it has.
   *
   * @param {NodeJS.Signals} [signal] the signal to send
   * @returns {Promise<{code: number?, signal: string?}>} how it ended
   */
  stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    return this.ended;
  }
}

module.exports = { run };

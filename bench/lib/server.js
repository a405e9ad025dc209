'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const { serverKind } = require('./servers');

const folder = path.join(__dirname, '..', 'servers');

/** A server has this long to start or to answer, in milliseconds. */
const patience = 15_000;

/** Variables that would change what is measured. */
const foreign = [
  'BENCH_DEFLATE',
  'BENCH_DEFLATE_LEVEL',
  'BENCH_FAN_OUT',
  'BENCH_HOST',
  'BENCH_PER_TICK',
  'BENCH_TLS_CERT',
  'BENCH_TLS_KEY',
  'BENCH_WS_RS',
  'NODE_OPTIONS',
  'WS_NO_BUFFER_UTIL',
  'WS_NO_UTF_8_VALIDATE',
  'WS_RS_TRANSPORT'
];

/**
 * An echo server in a process of its own.
 */
class Server {
  #child;
  #complaint = '';

  /** @param {ChildProcess} child */
  constructor(child) {
    this.#child = child;
    child.stderr.on('data', (data) => (this.#complaint += data));
  }

  /**
   * Starts a server and waits until it listens.
   *
   * @param {string} name As in `--servers`
   * @param {Function} pin Makes a command run on the server's core
   * @param {{ tls?: { keyFile: string, certFile: string }, deflate?: string,
   *   level?: number, perTick?: number, baseline?: string, node?: string,
   *   everywhere?: boolean }} [settings]
   *   `perTick`: how often each message is sent to all, instead of back;
   *   `baseline` is the checkout of the servers of that name, `node` the program
   *   that runs the server, by default this one's; `everywhere`: on all addresses
   * @return {Promise<Server>}
   * @throws {Error} With what the server wrote to standard error
   */
  static async start(name, pin, settings = {}) {
    const { script, env: own, baselineOf, runtime } = serverKind(name);
    const { tls, deflate, level, perTick, baseline, everywhere } = settings;
    const file = path.join(folder, script);
    const [program, args] = runtime
      ? [runtime(), [file]]
      : [settings.node ?? process.execPath, ['--expose-gc', file]];
    const env = { ...process.env, NODE_ENV: 'production' };

    for (const key of foreign) delete env[key];
    Object.assign(env, own);
    if (tls) {
      env.BENCH_TLS_KEY = tls.keyFile;
      env.BENCH_TLS_CERT = tls.certFile;
    }
    if (deflate) env.BENCH_DEFLATE = deflate;
    if (baselineOf) env.BENCH_WS_RS = baseline;
    if (perTick) env.BENCH_PER_TICK = String(perTick);
    if (everywhere) env.BENCH_HOST = '0.0.0.0';
    if (level) env.BENCH_DEFLATE_LEVEL = String(level);

    const child = spawn(...pin(program, args), {
      env,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc']
    });
    const server = new Server(child);

    server.port = (await server.#answer('to listen')).port;
    return server;
  }

  /** @return {number} The process's id */
  get pid() {
    return this.#child.pid;
  }

  /** @return {Promise<number>} Resident bytes after a garbage collection */
  async resident() {
    this.#child.send('resident');
    return (await this.#answer('to collect garbage')).resident;
  }

  /** Stops the server and waits until it is gone. */
  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      return;
    }
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  /**
   * @return {string} What the server wrote to standard error, in brief
   */
  get complaint() {
    const lines = this.#complaint.trim().split('\n');
    const error = lines.findLast((line) => /^\w*Error\b/.test(line));
    return (error ?? lines.at(-1)).trim();
  }

  async #answer(purpose) {
    const timeout = AbortSignal.timeout(patience);
    const gone = new AbortController();
    const onExit = () => setImmediate(() => gone.abort());

    this.#child.once('exit', onExit);
    this.#child.once('error', onExit);
    try {
      const signal = AbortSignal.any([timeout, gone.signal]);
      return (await once(this.#child, 'message', { signal }))[0];
    } catch (error) {
      await this.stop();
      throw new Error(
        this.complaint ||
          (timeout.aborted
            ? `the server took longer than ${patience / 1000} s ${purpose}`
            : `the server could not be started (${error.message})`)
      );
    } finally {
      this.#child.off('exit', onExit);
      this.#child.off('error', onExit);
    }
  }
}

module.exports = { Server };

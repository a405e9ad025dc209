import { fork } from 'node:child_process';
import path from 'node:path';
import { SLOWNESS } from './run/trace.mjs';

const RUNNER = path.join(import.meta.dirname, 'run', 'main.mjs');
/** How long a scenario may take, in ms. */
const PATIENCE = 20000 * SLOWNESS;

/** A process that runs scenarios on one package. */
export class Worker {
  /**
   * @param {String} pkg The package's folder
   * @param {Object} settings Those of the command line
   * @param {Boolean} [once] A fresh process for each scenario, which has to
   *     end by itself
   */
  constructor(pkg, settings, once = false) {
    this.pkg = pkg;
    this.settings = settings;
    this.once = once;
    this.child = null;
    this.stderr = '';
    this.exited = null;
  }

  /** @return {Promise<Object>} The lines of each stream of the scenario */
  async run(scenario) {
    if (!this.child) await this._start();
    const { child } = this;
    const reply = this._reply();
    child.send(scenario);
    const answer = await reply;

    if (answer.hang) {
      child.kill('SIGKILL');
      await this.exited;
      this.child = null;
      return { proc: [`HANG: no answer in ${PATIENCE / 1000} s`] };
    }
    if (answer.exit) {
      const last = this.stderr.split('\n').slice(-12).join(' | ');
      this.child = null;
      return { proc: [`PROCESS ENDED: ${answer.exit} ${last}`] };
    }
    // Nobody knows what is left of it.
    if (answer.streams.proc?.some((line) => line.startsWith('RUNNER FAILED'))) {
      this.stop();
      return answer.streams;
    }
    if (this.once) await this._end(child, answer.streams);
    return answer.streams;
  }

  async stats() {
    if (!this.child) return null;
    this.child.send('stats');
    return (await this._reply()).stats;
  }

  stop() {
    if (this.child) this.child.kill('SIGKILL');
    this.child = null;
  }

  async _start() {
    const { node, nodeFlags, tlsDir, transport, wsDir } = this.settings;
    const env = { ...process.env };
    delete env.WS_RS_TRANSPORT;
    if (transport !== 'default') env.WS_RS_TRANSPORT = transport;

    const args = ['--pkg', this.pkg, '--ws', wsDir, '--tls', tlsDir];
    const child = fork(RUNNER, this.once ? [...args, '--once'] : args, {
      execPath: node,
      env,
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      execArgv: ['--expose-gc', ...nodeFlags]
    });
    this.child = child;
    this.stderr = '';
    child.stderr.on('data', (chunk) => {
      this.stderr = (this.stderr + chunk).slice(-4000);
    });
    this.exited = new Promise((resolve) =>
      child.on('exit', (code, signal) => resolve({ code, signal }))
    );
    this.exited.then(() => {
      if (this.child === child) this.child = null;
    });
    const { exit } = await this._reply();
    if (exit) throw new Error(`cannot load ${this.pkg}:\n${this.stderr}`);
  }

  _reply() {
    const { child } = this;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle({ hang: true }), PATIENCE);
      const onExit = (code, signal) =>
        setTimeout(() => settle({ exit: `${code} ${signal}` }), 20);
      const settle = (answer) => {
        clearTimeout(timer);
        child.off('message', settle);
        child.off('exit', onExit);
        resolve(answer);
      };
      child.on('message', settle);
      child.on('exit', onExit);
    });
  }

  async _end(child, streams) {
    const ended = await Promise.race([
      this.exited,
      new Promise((resolve) => setTimeout(resolve, 3000 * SLOWNESS, null))
    ]);
    const proc = (streams.proc ??= []);

    if (ended === null) {
      proc.push('process does not end by itself');
      child.kill('SIGKILL');
    } else if (ended.code !== 0) {
      proc.push(`process ended with ${ended.code} ${ended.signal}`);
    }
    this.child = null;
  }
}

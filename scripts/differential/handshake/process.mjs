// A process that carries out scenarios on one package.
import { fork } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';

const RUNNER = path.join(import.meta.dirname, 'main.mjs');
const PATIENCE = 15000; // ms

export class Runner {
  constructor(dir, settings, extraEnv) {
    this.dir = dir;
    this.settings = settings;
    this.env = { ...process.env, ...extraEnv };
    this.child = null;
  }

  async run(scenario) {
    if (!this.child) await this._start();
    const reply = this._reply();
    this.child.send(scenario);
    const answer = await reply;
    if (answer.streams) return answer.streams;
    const last = this.stderr.split('\n').slice(-15).join(' | ');
    this.stop();
    return { program: [`${answer.why} ${last}`] };
  }

  stop() {
    this.child?.kill('SIGKILL');
    this.child = null;
  }

  async _start() {
    const { main = RUNNER, node, tlsDir } = this.settings;
    this.stderr = '';
    this.child = fork(main, [this.dir, tlsDir], {
      // A pipe that a scenario has it listen at is its own.
      cwd: this.settings.main ? await mkdtemp(path.join(tlsDir, 'in-')) : '.',
      execPath: node,
      env: this.env,
      execArgv: ['--no-warnings'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc']
    });
    this.child.stderr.on('data', (chunk) => {
      this.stderr = (this.stderr + chunk).slice(-4000);
    });
    const { why } = await this._reply();
    if (why) throw new Error(`cannot load ${this.dir}: ${this.stderr}`);
  }

  _reply() {
    const { child } = this;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle({ why: 'HANG' }), PATIENCE);
      const onExit = (code, signal) =>
        setTimeout(
          () => settle({ why: `PROCESS ENDED ${code} ${signal}` }),
          30
        );
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
}

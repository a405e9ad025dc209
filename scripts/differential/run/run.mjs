import { AsyncLocalStorage } from 'node:async_hooks';
import { rawStep } from './raw-steps.mjs';
import { activity, sleep, tick, Trace, turn } from './trace.mjs';
import { WsEnd } from './websocket-end.mjs';

export class Run {
  constructor(scenario) {
    this.scenario = scenario;
    this.trace = new Trace();
    this.ends = {};
    // What a program's own context is in listeners and callbacks.
    this.store = new AsyncLocalStorage();
    this.callbacks = new Map();
    this.ids = new Map();
    this.waiting = 0;
    this.over = false;
    this.cleanups = [];
  }

  touch() {
    activity.count++;
  }

  exec(step) {
    const end = this.ends[`c${step.c}${step.e}`];
    if (!end) throw new Error(`no end for ${JSON.stringify(step)}`);
    if (end instanceof WsEnd) {
      if (!end.ws) return undefined;
      return end.exec(step);
    }
    return rawStep(end, step);
  }

  anyPaused() {
    for (const end of Object.values(this.ends)) {
      if (end.paused || end.ws?.isPaused || end.ws?._socket?.isPaused()) {
        return true;
      }
    }
    return false;
  }

  async quiesce() {
    const { scenario } = this;
    const base = scenario.deflate
      ? 14
      : scenario.transport === 'tcp' || scenario.transport === 'unix'
        ? 5
        : 9;
    const started = Date.now();
    let last = activity.count;
    let since = Date.now();
    let turns = 0;
    let amount = -1;

    for (;;) {
      if (turns < 12) await turn();
      else await sleep(1);
      turns++;
      let sum = this.waiting;
      let pending = this.waiting;
      for (const end of Object.values(this.ends)) {
        if (end.ws) {
          sum += end.ws.bufferedAmount;
          pending += end.pending;
          if (end.ws.bufferedAmount > 0) pending++;
        }
        if (end.socket) {
          sum += (end.socket.bytesRead || 0) + (end.socket.bytesWritten || 0);
        }
      }
      if (activity.count !== last || sum !== amount) {
        last = activity.count;
        amount = sum;
        since = Date.now();
        turns = Math.min(turns, 6);
      }
      const quiet = Date.now() - since;
      const need = pending > 0 ? (this.anyPaused() ? 40 : 120) : base;
      if (turns >= 15 && quiet >= need) return;
      if (Date.now() - started > 4000) {
        this.trace.add('proc', 'no rest in 4 s');
        return;
      }
    }
  }

  note(label) {
    for (const [name, end] of Object.entries(this.ends)) {
      if (end instanceof WsEnd) {
        this.trace.add(`${name}.state`, `${label} ${end.state()}`);
      }
    }
  }

  async steps() {
    const { scenario } = this;
    let n = 0;
    for (const step of scenario.steps) {
      n++;
      switch (step.op) {
        case 'tick':
          await tick();
          break;
        case 'immediate':
          for (let i = 0; i < (step.n || 1); i++) await turn();
          break;
        case 'ms':
          await sleep(step.n);
          break;
        case 'quiesce':
          await this.quiesce();
          this.note(`#${step.id ?? n}`);
          break;
        default: {
          let done;
          try {
            done = this.store.run(step.op, () => this.exec(step));
          } catch (err) {
            if (!err.onPurpose) throw err;
            this.trace.add('proc', `out of a step: ${err.message}`);
          }
          if (done) await done;
        }
      }
    }
  }
}

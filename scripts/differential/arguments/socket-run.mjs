// Carries out a scenario of one connection.
import { describe, errorText } from './describe.mjs';
import { openClient, openServer } from './open.mjs';
import { sleep } from '../handshake/common.mjs';
import { Run } from './run.mjs';

export const runSocket = (scenario, env, trace) =>
  carryOut(new SocketRun(scenario, env, trace));

/** Carries out a scenario of one connection, of whichever kind. */
export async function carryOut(run) {
  try {
    await run.begin();
    for (const step of run.scenario.steps) await run.step(step);
    await run.finish();
  } finally {
    run.end();
    await run.trace.rest(6);
  }
}

export class SocketRun extends Run {
  constructor(...args) {
    super(...args);
    this.scenario = { mode: {}, steps: [], ...this.scenario };
    this.scenario.mode = {
      role: 'server',
      state: 'open',
      ...this.scenario.mode
    };
    // api.md lets their order among events differ.
    this.callbacks = 'callbacks';
    /** What is to be called in a listener, by event. */
    this.waiting = [];
    this.answer = () => {};
  }

  /** As soon as there is a WebSocket. */
  prepare(ws) {
    this.ws = ws;
    this.watch(
      ws,
      'ws',
      this.scenario.mode.silent ? ['message', 'error', 'ping'] : []
    );
    ws.onmessage = ({ data }) => {
      if (this.isAsked('attribute')) {
        this.log(`attribute ${describe(data, this)}`);
        this.onEvent('attribute');
      }
    };
  }

  isAsked(event) {
    return this.waiting.length > 0 && this.waiting[0].at === event;
  }

  onEvent(event) {
    if (!this.isAsked(event)) return;
    const step = this.waiting.shift();
    for (const call of step.calls) this.doCall(call);
  }

  async begin() {
    const { WebSocket } = this;
    const { mode, topology } = this.scenario;
    const { state } = mode;

    if (state === 'bare') {
      this.prepare(new WebSocket(null, undefined, {}));
      return;
    }
    const ws = await (mode.role === 'client'
      ? openClient(this)
      : openServer(this));
    if (this.scenario.stream !== undefined) this.makeStream();
    if (state === 'connecting') return;
    this.answer();
    await this.rest();
    if (state === 'closing') ws.close(1000, 'mine');
    else if (state === 'peerClosing') this.peer.send('closeReason');
    else if (state === 'peerEnded') this.peer.send('end');
    else if (state === 'terminated') ws.terminate();
    else if (state === 'failed') this.peer.send('bad');
    else if (state === 'paused') {
      ws.pause();
      this.peer.send('text');
      this.peer.send('ping');
    } else if (state === 'closed') {
      ws.close();
      await this.rest();
      this.peer.send('close');
      this.peer.send('end');
    }
    if (topology !== undefined) await this.rest();
  }

  makeStream() {
    const options = this.make(this.scenario.stream);
    const stream = this.call('createWebSocketStream', () => {
      const made = this.WebSocket.createWebSocketStream(this.ws, options);
      this.names.set(made, 'stream');
      return made;
    });
    if (!stream?.on) return;
    this.stream = stream;
    for (const event of ['data', 'end', 'finish', 'error', 'close', 'drain']) {
      stream.on(event, (...args) =>
        this.log(
          `stream ${event} ${args.map((arg) => describe(arg, this)).join(' | ')}`
        )
      );
    }
  }

  look(name) {
    const { ws } = this;
    return {
      ws,
      socket: ws._socket,
      sender: ws._sender,
      receiver: ws._receiver,
      wss: this.wss,
      stream: this.stream
    }[name];
  }

  async step(step) {
    const { mode } = this.scenario;
    if (step.peer !== undefined) {
      this.peer?.send(step.peer, mode.deflate);
    } else if (
      ['message', 'ping', 'pong', 'close', 'error', 'attribute'].includes(
        step.at
      )
    ) {
      this.waiting = [step];
      const kind = { message: 'text', attribute: 'binary', error: 'bad' };
      if (this.peer) this.peer.send(kind[step.at] ?? step.at, mode.deflate);
    } else {
      await this.macrotask(() => {
        this.going = this.go(step);
      });
      // As late as compression is.
      await Promise.race([this.going, sleep(500)]);
    }
    if (step.noBarrier) return;
    await this.rest();
    this.noteState();
  }

  go(step) {
    const { ws } = this;
    const { state } = this.scenario.mode;
    const calls = () => {
      for (const call of step.calls) this.doCall(call);
    };
    this.call('before', () => {
      if (ws.readyState !== 1) return;
      if (state === 'compressing') ws.send('compress '.repeat(9000));
      else if (state === 'blob') ws.send(new Blob(['a blob']));
    });
    if (step.at === 'tick') process.nextTick(calls);
    else if (step.at === 'microtask') queueMicrotask(calls);
    else if (step.at === 'callback' && ws.readyState === 1) {
      return new Promise((resolve) => {
        ws.send('first', () => {
          resolve();
          calls();
        });
      });
    } else calls();
    return undefined;
  }

  doCall(what) {
    const target = this.look(what.on ?? 'ws');
    if (!target) return;
    const args = this.make(what.args ?? []);
    const name = what.call ?? what.set ?? what.get;
    const label = `${what.on}.${name}`;
    let busy = false;
    this.again = () => {
      if (busy || !what.call) return;
      busy = true;
      this.call(`${label} again`, () => target[name](...args));
    };
    this.call(label, () => {
      if (what.set) {
        target[name] = args[0];
        return target[name];
      }
      if (what.get) return target[name];
      const result = target[name](...args);
      return result === target ? '<itself>' : result;
    });
  }

  /** What can be seen when nothing moves. */
  noteState() {
    const { ws } = this;
    const seen = ['readyState', 'bufferedAmount', 'isPaused', 'binaryType']
      .map((name) => {
        try {
          return `${name} ${describe(ws[name], this)}`;
        } catch (err) {
          return `${name} throws ${errorText(err, this)}`;
        }
      })
      .join(', ');
    const counts = ['open', 'message', 'close', 'error', 'ping']
      .map((name) => ws.listenerCount(name))
      .join();
    this.trace.add('state', `${seen}, listeners ${counts}`);
  }

  async finish() {
    const { ws, peer } = this;
    this.answer();
    await this.rest();
    if (!peer) {
      this.noteState();
      return;
    }
    if (ws.isPaused) ws.resume();
    await this.rest();
    if (!peer.socket.destroyed) peer.send('close');
    await this.rest();
    if (!peer.socket.destroyed) peer.send('end');
    await this.rest();
    this.noteState();
    if (ws.readyState !== 3) {
      this.call('terminate', () => ws.terminate());
      await this.rest();
      this.noteState();
    }
  }
}

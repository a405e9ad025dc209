// Carries out a scenario of a byte stream over a connection.
import {
  Duplex,
  PassThrough,
  Writable,
  addAbortSignal,
  pipeline
} from 'node:stream';
import { describe, errorText } from './describe.mjs';
import { SocketRun, carryOut } from './socket-run.mjs';

/** What is looked at when nothing moves. */
const STATE = [
  ...['readable', 'readableFlowing', 'readableLength', 'readableEnded'],
  ...['readableAborted', 'readableDidRead', 'writable', 'writableLength'],
  ...['writableCorked', 'writableEnded', 'writableFinished'],
  ...['writableNeedDrain', 'writableAborted', 'destroyed', 'closed']
];
const EVENTS = [
  ...['end', 'finish', 'error', 'close', 'drain', 'pause', 'resume'],
  ...['pipe', 'unpipe', 'prefinish']
];

export const runFlow = (scenario, env, trace) =>
  carryOut(new FlowRun(scenario, env, trace));

class FlowRun extends SocketRun {
  constructor(...args) {
    super(...args);
    this.written = 0;
    this.abort = new AbortController();
  }

  watch(ws, label) {
    this.names.set(ws, label);
    for (const event of ['open', 'error', 'close']) {
      ws.on(event, (...args) => {
        this.log(
          `ws ${event} ${args.map((arg) => describe(arg, this)).join()}`
        );
        this.onEvent(`ws ${event}`);
      });
    }
    ws.on('message', () => this.onEvent('message'));
  }

  makeStream() {
    const { reader, isWatched, stream: options } = this.scenario;
    const stream = this.WebSocket.createWebSocketStream(this.ws, options);

    this.stream = addAbortSignal(this.abort.signal, stream);
    this.names.set(stream, 'stream');
    if (isWatched) {
      for (const event of EVENTS) {
        stream.on(event, (...args) => {
          this.log(
            `${event} ${args.map((arg) => describe(arg, this)).join(' | ')}`
          );
          this.onEvent(event);
        });
      }
    } else {
      stream.on('error', (err) => this.log(`error ${errorText(err, this)}`));
    }
    this.readBy(reader);
  }

  readBy(reader) {
    const { stream } = this;
    const took = (by) => (chunk) => {
      this.log(`${by} ${describe(chunk, this)}`);
      this.onEvent('data');
    };

    if (reader === 'data') stream.on('data', took('data'));
    else if (reader === 'readable') {
      stream.on('readable', () => {
        this.log('readable');
        this.onEvent('readable');
        if (this.scenario.seed % 2) return;
        for (let c; (c = stream.read()) !== null;) took('read')(c);
      });
    } else if (reader === 'pipe') stream.pipe(this.target('piped', 0));
    else if (reader === 'slow pipe') stream.pipe(this.target('piped', 2));
    else if (reader === 'pipeline') {
      pipeline(stream, new PassThrough(PASSES), this.target('out', 1), (err) =>
        this.log(`pipeline ${err ? errorText(err, this) : 'done'}`)
      );
    } else if (reader === 'echo') {
      pipeline(stream, new PassThrough(PASSES), stream, (err) =>
        this.log(`echo ${err ? errorText(err, this) : 'done'}`)
      );
    } else if (reader === 'iterate') this.iterate(Infinity);
    else if (reader === 'iterate two') this.iterate(2);
    else if (reader === 'web') this.readWeb();
  }

  target(name, turns) {
    const made = new Writable({
      ...PASSES,
      highWaterMark: 8,
      write: (chunk, encoding, callback) => {
        this.log(`${name} ${describe(chunk, this)}`);
        const later = (n) => (n > 0 ? setImmediate(later, n - 1) : callback());
        later(turns);
      }
    });
    made.on('finish', () => this.log(`${name} finish`));
    made.on('error', (err) => this.log(`${name} ${errorText(err, this)}`));
    this.names.set(made, name);
    return made;
  }

  async iterate(most) {
    let count = 0;
    try {
      for await (const chunk of this.stream) {
        this.log(`chunk ${describe(chunk, this)}`);
        if (++count >= most) break;
      }
      this.log('iterated');
    } catch (err) {
      this.log(`iterated ${errorText(err, this)}`);
    }
  }

  async readWeb() {
    try {
      const { readable } = Duplex.toWeb(this.stream);
      for await (const chunk of readable) {
        this.log(`web ${describe(Buffer.from(chunk), this)}`);
      }
      this.log('web done');
    } catch (err) {
      this.log(`web ${errorText(err, this)}`);
    }
  }

  onEvent(event) {
    for (const step of this.waiting.filter(({ at }) => at === event)) {
      this.waiting.splice(this.waiting.indexOf(step), 1);
      for (const call of step.calls) this.doCall(call);
    }
  }

  async step(step) {
    if (step.peer !== undefined) {
      for (let i = 0; i < (step.times ?? 1); i++) {
        this.peer.send(step.peer, this.scenario.mode.deflate);
      }
    } else if (['macrotask', 'tick', 'microtask'].includes(step.at)) {
      const calls = () => {
        for (const call of step.calls) this.doCall(call);
      };
      await this.macrotask(() => {
        if (step.at === 'tick') process.nextTick(calls);
        else if (step.at === 'microtask') queueMicrotask(calls);
        else calls();
      });
    } else this.waiting.push(step);
    if (step.rest === false) return;
    await this.rest();
    this.noteState();
  }

  doCall({ does, size, count, text, why }) {
    const { stream, ws } = this;
    const label = size === undefined ? does : `${does} ${size}`;

    this.call(label, () => {
      if (does === 'write') return this.write(size, text);
      if (does === 'write many') {
        return Array.from({ length: count }, () => this.write(size, false));
      }
      if (does === 'end') return this.endWith(size);
      if (does === 'destroy') {
        stream.destroy(why ? new Error('mine') : undefined);
      } else if (does === 'read') return stream.read(size ?? undefined);
      else if (does === 'unshift') stream.unshift(Buffer.from('back'));
      else if (does === 'unpipe') stream.unpipe();
      else if (does === 'abort') this.abort.abort();
      else if (does === 'throw') throw new Error('of the program');
      else if (does === 'ws send') {
        if (ws.readyState > 0) ws.send(this.bytes(size));
      } else if (does.startsWith('ws ')) ws[does.slice(3)]();
      else stream[does]();
      return undefined;
    });
  }

  bytes(size) {
    return Buffer.alloc(size, 97 + (this.written++ % 26));
  }

  write(size, text) {
    const data = this.bytes(size);
    return this.stream.write(text ? data.toString() : data, this.done('write'));
  }

  endWith(size) {
    const data = size === null ? [] : [this.bytes(size)];
    this.stream.end(...data, this.done('end'));
  }

  done(what) {
    const number = this.written;
    return (err) => {
      const outcome = err ? errorText(err, this) : 'done';
      this.log(`${what} ${number} ${outcome}`, 'called back');
      this.onEvent('written');
    };
  }

  noteState() {
    const { stream, ws } = this;
    const seen = STATE.map((name) => `${name} ${stream?.[name]}`);
    const counts = stream
      ? [...stream.eventNames()]
          .map((name) => `${String(name)} ${stream.listenerCount(name)}`)
          .sort()
      : [];

    seen.push(`errored ${stream?.errored?.message}`);
    this.trace.add('state', seen.join(', '));
    this.trace.add('state', counts.join(', '));
    this.trace.add('state', `ws ${ws.readyState} paused ${ws.isPaused}`);
  }
}

const PASSES = { readableObjectMode: true, writableObjectMode: true };

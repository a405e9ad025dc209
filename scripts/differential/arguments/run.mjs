// What all kinds of scenarios need while they are carried out.
import http from 'node:http';
import { Duplex, Writable } from 'node:stream';
import { sleep } from '../handshake/common.mjs';
import { describe, errorText } from './describe.mjs';
import { FrameReader } from './peer.mjs';
import { real } from './values.mjs';

const WEBSOCKET_EVENTS = [
  'open',
  'upgrade',
  'unexpected-response',
  'redirect',
  'message',
  'ping',
  'pong',
  'error',
  'close',
  'drain'
];

export class Run {
  constructor(scenario, env, trace) {
    Object.assign(this, { scenario, env, trace });
    this.WebSocket = env.WebSocket;
    /** What objects are called in the trace. */
    this.names = new Map([[env.WebSocket, 'WebSocket']]);
    /** Since the call: in it, in the ticks behind it, in microtasks, later. */
    this.phase = 'later';
    this.endings = [];
    this.readers = [];
  }

  log(line, stream = 'program') {
    if (this.isOver) return;
    const isTimed = ['program', 'callbacks'].includes(stream);
    const when = isTimed ? `${this.phase} ` : '';
    this.trace.add(stream, `${when}${line}`);
  }

  /** Calls something such that what follows is known to be its tick or not. */
  call(label, f) {
    const before = this.phase;
    const turn = (this.turn = {});
    const become = (phase) => () => {
      if (this.turn === turn) this.phase = phase;
    };
    queueMicrotask(() => {
      become('micro')();
      // What is behind this is no part of the same macrotask.
      process.nextTick(queueMicrotask, () => process.nextTick(become('later')));
    });
    this.phase = 'sync';
    try {
      const result = f();
      this.log(`${label} gives ${describe(result, this)}`);
      return result;
    } catch (err) {
      this.log(`${label} throws ${errorText(err, this)}`);
      return undefined;
    } finally {
      this.phase = before === 'sync' ? before : 'tick';
    }
  }

  /** In a macrotask of its own. */
  macrotask(f) {
    return new Promise((resolve) => {
      setImmediate(() => {
        resolve();
        f();
      });
    });
  }

  make(args) {
    return real(this.fill(args), this);
  }

  fill(value) {
    if (typeof value === 'string') {
      return value.replace(/\{(\w+)\}/g, (all, name) => this.env[name] ?? all);
    }
    if (Array.isArray(value)) return value.map((each) => this.fill(each));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, this.fill(each)])
    );
  }

  look() {
    return undefined;
  }

  /** Writes down what is emitted by a WebSocket. */
  watch(ws, label, without = []) {
    this.names.set(ws, label);
    for (const event of WEBSOCKET_EVENTS) {
      if (without.includes(event)) continue;
      ws.on(event, (...args) => {
        this.log(
          `${label} ${event} ${args.map((arg) => describe(arg, this)).join(' | ')} state ${ws.readyState}`
        );
        this.onEvent?.(event, ws);
      });
    }
  }

  httpServer() {
    const server = http.createServer((request, response) => response.end());
    this.names.set(server, 'httpServer');
    this.endings.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return server;
  }

  /** What is written, as frames: how it is cut into chunks may differ. */
  sink() {
    const frames = this.reader(true);
    const sink = new Writable({
      decodeStrings: false,
      write(chunk, encoding, callback) {
        frames.push(Buffer.from(chunk, encoding));
        setImmediate(callback);
      }
    });
    sink.on('error', (err) => this.log(`sink error ${errorText(err, this)}`));
    this.names.set(sink, 'sink');
    return sink;
  }

  duplex() {
    const frames = this.reader(false);
    const duplex = new Duplex({
      read() {},
      write(chunk, encoding, callback) {
        frames.push(chunk);
        setImmediate(callback);
      }
    });
    duplex.on('close', () => this.log('duplex close'));
    this.names.set(duplex, 'duplex');
    this.endings.push(() => duplex.destroy());
    return duplex;
  }

  reader(isOpen) {
    const reader = new FrameReader((line) => this.log(line, 'written'), isOpen);
    this.readers.push(reader);
    reader.head.then((head) => this.log(JSON.stringify(head), 'written'));
    return reader;
  }

  async rest(ms = this.scenario.mode?.deflate ? 16 : 7) {
    // What cannot be written is not waited for.
    if (this.sending) await Promise.race([this.sending, sleep(100)]);
    this.sending = null;
    await this.trace.rest(ms);
    await sleep(0);
  }

  end() {
    this.phase = 'later';
    this.turn = null;
    for (const reader of this.readers) reader.rest();
    this.isOver = true;
    for (const end of this.endings) end();
  }
}

import { payload } from '../random.mjs';
import { bytesOf, resizable, takeMemory } from './memory.mjs';
import { describeBytes } from './frame-codec.mjs';
import { activity, errText } from './trace.mjs';
import { webSocketStep } from './websocket-steps.mjs';

export class WsEnd {
  constructor(run, name, pkg, role) {
    this.run = run;
    this.name = name;
    this.pkg = pkg;
    this.role = role;
    this.ws = null;
    this.reactions = [];
    this.counts = {};
    this.extra = new Map();
    this.pending = 0;
    this.kept = [];
    this.taken = new Set();
    this.contexts = new Set();
    this.stream = null;
    this.closed = false;
    this.opened = new Promise((resolve) => (this._opened = resolve));
  }

  /** Notes in which context of AsyncLocalStorage something is called. */
  context(what) {
    const store = this.run.store.getStore() ?? 'none';
    this.contexts.add(`${what} in ${store}`);
  }

  /** One list of all that a program sees of a connection, if it is looked at so. */
  story(line) {
    const { atOnce, inside } = this.run.scenario;

    if (!atOnce && !inside) return;
    this.run.trace.add(
      `${this.name}.story`,
      `${line} (state ${this.ws.readyState})`
    );
  }

  rx(line) {
    this.story(line.split(' ').slice(0, 3).join(' '));
    this.run.trace.add(`${this.name}.order`, line.split(' ')[0]);
    return this.run.trace.add(`${this.name}.rx`, line);
  }

  /** Notes what the program sees of its connection in a listener or callback. */
  note(stream, what) {
    const { ws } = this;
    const { deflate, transport } = this.run.scenario;

    // What is compressed is done at other times, and streams are given frames that were joined.
    if (
      deflate ||
      (stream === 'callbacks' && !/^(tcp|unix)$/.test(transport))
    ) {
      return;
    }
    this.run.trace.add(
      `${this.name}.${stream}`,
      `${what} state ${ws.readyState}${ws.isPaused ? ' paused' : ''}`
    );
  }

  attach(ws, conn) {
    this.ws = ws;
    ws.on('message', (data, isBinary) => {
      if (!(typeof isBinary === 'boolean')) {
        this.rx(`isBinary is ${typeof isBinary}`);
      }
      this._message(data, isBinary);
      this.note('events', 'message');
      this.react('message', data, isBinary);
    });
    for (const type of ['ping', 'pong']) {
      ws.on(type, (data) => {
        this.rx(`${type} ${describeBytes(data)}`);
        this.note('events', type);
        this.react(type, data);
      });
    }
    ws.on('error', (err) => {
      this.rx(`error ${errText(err)} state ${ws.readyState}`);
      this.react('error');
    });
    ws.on('close', (code, reason) => {
      this.rx(
        `close ${code} ${JSON.stringify(reason.toString())} state ${ws.readyState}`
      );
      this.closed = true;
      this._opened();
      this.react('close');
    });
    const opened = () => {
      this.rx('open');
      if (conn.watchStory) {
        for (const type of ['end', 'error', 'close']) {
          ws._socket.on(type, (x) =>
            this.story(`socket ${type} ${x?.code ?? ''}`)
          );
        }
      }
      if (conn.watchSocket) {
        const s = ws._socket;
        for (const type of ['end', 'finish', 'close', 'error']) {
          s.on(type, (x) => {
            this.run.trace.add(
              `${this.name}.socket`,
              `${type} ${type === 'close' ? x : type === 'error' ? x.code : ''}`
            );
          });
        }
      }
      this._opened();
      if (this.name.endsWith('a')) {
        for (const step of conn.onOpen || []) this.run.exec(step);
      }
      this.react('open');
    };
    if (ws.readyState === 1) opened();
    else ws.on('open', opened);
  }

  /** Lines to do with memory, compared by rules of their own. */
  own(line) {
    this.run.trace.add(`${this.name}.own`, line);
  }

  /** What this end was given to send: nothing else may be on the wire. */
  gave(data) {
    const bytes = bytesOf(data);
    const line = bytes === undefined ? 'anything' : describeBytes(bytes);
    this.run.trace.add(`${this.name}.gave`, line);
  }

  _message(data, isBinary) {
    const kind = isBinary ? 'bin' : 'text';
    if (Buffer.isBuffer(data)) {
      const d = describeBytes(data);
      this.rx(`message ${kind} ${d}`);
      if (this.kept.length < 400 && data.length <= 70000) {
        this.kept.push({ data, digest: d, buffer: data.buffer });
      }
    } else if (data instanceof ArrayBuffer) {
      const d = describeBytes(Buffer.from(data));
      this.rx(`message ${kind} ${d} arraybuffer`);
    } else if (Array.isArray(data)) {
      this.rx(
        `message ${kind} ${describeBytes(Buffer.concat(data))} fragments ${data.map((x) => x.length).join()}`
      );
    } else if (data instanceof Blob) {
      const { list, at } = this.rx(`message ${kind} blob ${data.size} ?`);
      this.run.waiting++;
      data.arrayBuffer().then((bytes) => {
        this.run.waiting--;
        activity.count++;
        list[at] = `message ${kind} ${describeBytes(Buffer.from(bytes))} blob`;
      });
    } else this.rx(`message ${kind} of type ${typeof data}`);
  }

  react(type, data, isBinary) {
    this.context(type);
    const n = (this.counts[type] = (this.counts[type] || 0) + 1);
    if (this.run.over) return;
    for (const reaction of this.reactions.slice()) {
      if (reaction.on !== type) continue;
      if (reaction.from !== undefined && n < reaction.from) continue;
      reaction.left ??= reaction.times ?? 1;
      if (reaction.left <= 0) continue;
      reaction.left--;
      for (const step of reaction.do) {
        if (step.op === 'echo') {
          if (this.ws.readyState === 1) {
            this.run.exec({
              ...step,
              op: 'sendData',
              data,
              binary: isBinary ?? true
            });
          }
        } else if (step.op === 'take') {
          takeMemory(this, step.how, data);
        } else this.run.exec(step);
      }
    }
  }

  callback(step) {
    if (!step.cb) return undefined;
    // A step in a listener may run more than once.
    const n = (this.run.ids.get(`${this.name} ${step.id}`) || 0) + 1;
    this.run.ids.set(`${this.name} ${step.id}`, n);
    const id = n === 1 ? step.id : `${step.id}.${n}`;
    step.lastId = id;
    this.pending++;
    this.run.callbacks.set(`${this.name} ${id}`, 0);
    let sync = true;
    const store = this.run.store.getStore();
    const done = (err) => {
      this.pending--;
      const key = `${this.name} ${id}`;
      const times = this.run.callbacks.get(key) + 1;
      this.run.callbacks.set(key, times);
      this.run.trace.add(`${this.name}.order`, `cb ${id}`);
      // Over TLS, and of what is compressed, it comes when that is done.
      if (this.run.scenario.transport !== 'tls' && !this.run.scenario.deflate) {
        const isOwn = this.run.store.getStore() === store;

        this.story(`cb ${id} ${errText(err)}${isOwn ? '' : ' elsewhere'}`);
      }
      this.run.trace.add(
        `${this.name}.cb`,
        `${id} ${errText(err)}${sync ? ' SYNC' : ''}${times > 1 ? ' AGAIN' : ''}${this.closed ? ' after close' : ''}`
      );
      this.note('callbacks', id);
      if (step.cbThrow && times === 1) {
        const thrown = new Error(`thrown on purpose in callback ${id}`);
        thrown.onPurpose = true;
        throw thrown;
      }
      if (!this.run.over) {
        for (const inner of step.cbDo || []) this.run.exec(inner);
      }
    };
    this.afterCall = () => (sync = false);
    return done;
  }

  attempt(step, fn) {
    const { afterCall } = this;
    try {
      fn();
    } catch (err) {
      if (step.op === 'throw') throw err;
      // A throw inside of nested, synchronous listeners must go on its way.
      if (err && err.onPurpose) throw err;
      if (step.cb) this.pending--;
      this.run.callbacks.delete(`${this.name} ${step.lastId}`);
      this.run.trace.add(
        `${this.name}.api`,
        `${step.op} ${step.id ?? ''} threw ${errText(err)}`
      );
    } finally {
      if (step.cb) afterCall();
    }
  }

  data(step) {
    if (step.after === 'shrink') return resizable(step.size, step.id);
    switch (step.kind) {
      case 'text':
        return payload('text', step.size, step.id).toString();
      case 'buffer':
        return payload('bytes', step.size, step.id);
      case 'random':
        return payload('random', step.size, step.id);
      case 'textbuffer':
        return payload('text', step.size, step.id);
      case 'arraybuffer':
        return payload('bytes', step.size, step.id).buffer;
      case 'view': {
        const b = payload('bytes', step.size + (step.size % 2), step.id);
        return new Uint16Array(b.buffer, 0, b.length >> 1);
      }
      case 'dataview':
        return new DataView(payload('bytes', step.size, step.id).buffer);
      case 'blob':
        return new Blob([payload('bytes', step.size, step.id)]);
      case 'number':
        return step.size;
      case 'empty':
        return undefined;
      case 'array':
        return [1, 2, 3, step.id & 255];
      default:
        throw new Error(`kind ${step.kind}`);
    }
  }

  exec(step) {
    webSocketStep(this, step);
  }

  state() {
    const { ws } = this;
    if (!ws) return 'none';
    const drained = this.drained ? ' drained' : '';

    this.drained = false;
    return `state ${ws.readyState}${ws.isPaused ? ' paused' : ''}${drained}`;
  }
}

// What public objects look like: to reflection, to inspection, to a copy.
import { inspect } from 'node:util';
import { describe, errorText } from './describe.mjs';
import { openServer } from './open.mjs';
import { Run } from './run.mjs';

/** The members that are no API, and what docs/api.md adds, are left out. */
const isPublic = (name) =>
  typeof name === 'string' &&
  !name.startsWith('_') &&
  (isLowLevel ? DOCUMENTED.has(name) : !ADDITIONS.has(name));
/** Low-level parts have more members than are documented, here as there. */
let isLowLevel = false;
const LOW_LEVEL = /^(sender|receiver|deflate|PerMessageDeflate|stream)/i;
const DOCUMENTED = new Set([
  ...['send', 'ping', 'pong', 'close', 'sendFrame', 'frame', 'constructor'],
  ...['offer', 'accept', 'compress', 'cleanup', 'params'],
  ...['extensionName', 'length', 'name']
]);
const ADDITIONS = new Set([
  // An accessor at first, as api.md says.
  'clients',
  'stack',
  ...['transport', 'broadcast', 'metrics', 'setSecureContext', 'Topics'],
  ...['RedisAdapter', 'NatsAdapter', 'BroadcastChannelAdapter']
]);

const READING = new Set([
  'clone',
  ...['spread', 'assign', 'entries', 'values', 'inherit', 'inspect', 'json']
]);

export async function runShape(scenario, env, trace) {
  const run = new ShapeRun({ mode: {}, ...scenario }, env, trace);
  try {
    await run.all();
  } finally {
    run.end();
    await trace.rest(5);
  }
}

class ShapeRun extends Run {
  prepare(ws) {
    this.ws = ws;
    ws.on('error', () => {});
    for (const type of ['message', 'close', 'error', 'open']) {
      ws.addEventListener(type, (event) => (this[`${type}Event`] = event));
    }
    ws.on('error', (err) => (this.error = err));
  }

  async all() {
    const { scenario } = this;
    isLowLevel = LOW_LEVEL.test(scenario.object);
    const target = await this.find(scenario.object);
    if (target === undefined) return;
    // Accessors of a prototype have nothing to read there.
    if (/prototype/.test(scenario.object) && READING.has(scenario.view)) return;
    if (isLowLevel && scenario.view === 'json') return;
    const view = views[scenario.view];
    this.call(`${scenario.view} of ${scenario.object}`, () =>
      view(target, this)
    );
    await this.rest();
  }

  async find(name) {
    const { WebSocket } = this;
    if (name === 'WebSocket') return WebSocket;
    if (name === 'bare') return new WebSocket(null, undefined, {});
    if (name === 'client') {
      const ws = new WebSocket('ws://127.0.0.1:1/path?a', 'p');
      ws.on('error', () => {});
      this.endings.push(() => ws.terminate());
      return ws;
    }
    if (name === 'deflate') {
      return new WebSocket.PerMessageDeflate({ threshold: 1 });
    }
    if (/^[A-Z]|^(extension|subprotocol|create)/.test(name)) {
      return name.split('.').reduce((object, key) => object[key], WebSocket);
    }
    const ws = await openServer(this);
    if (name === 'ws') return ws;
    if (name === 'wss') return this.wss;
    if (name === 'wss.options') return this.wss.options;
    if (name === 'sender') return ws._sender;
    if (name === 'receiver') return ws._receiver;
    if (name === 'stream') return WebSocket.createWebSocketStream(ws);
    if (name === 'openEvent') {
      ws.emit('open');
    } else if (name === 'messageEvent') {
      this.peer.send('text');
    } else if (name === 'closedWs') {
      ws.terminate();
    } else this.peer.send('bad');
    await this.rest();
    this.peer.send('end');
    await this.rest();
    if (name === 'closedWs') return ws;
    return this[name];
  }
}

const names = (object) => Object.getOwnPropertyNames(object).filter(isPublic);

function descriptorOf(object, name) {
  const { value, get, set, ...flags } = Object.getOwnPropertyDescriptor(
    object,
    name
  );
  const shown =
    typeof value === 'function'
      ? `${describe(value)} ${isClass(value) ? 'class' : ''} ${'prototype' in value}`
      : value !== null && typeof value === 'object'
        ? 'an object'
        : describe(value);
  return `${name}: ${shown} ${get ? describe(get) : ''} ${set ? describe(set) : ''} ${JSON.stringify(flags)}`;
}

const isClass = (f) => /^class\b/.test(Function.prototype.toString.call(f));

const views = {
  descriptors: (object) =>
    names(object)
      .sort()
      .map((name) => descriptorOf(object, name)),
  forIn(object) {
    const list = [];
    for (const name in object) if (isPublic(name)) list.push(name);
    return list.sort();
  },
  keys: (object) => Object.keys(object).filter(isPublic).sort(),
  json(object) {
    const text = JSON.stringify(object);
    if (text === undefined || !text.startsWith('{')) return text;
    return names(JSON.parse(text)).sort();
  },
  clone(object) {
    try {
      return typeof structuredClone(object);
    } catch (err) {
      return err.name;
    }
  },
  toString: (object) => [
    String(object).slice(0, 5),
    Object.prototype.toString.call(object)
  ],
  inspect: (object) => /\w+(?= \{|$)/.exec(inspect(object))?.[0],
  prototypes(object) {
    const list = [];
    if (isLowLevel) return list;
    for (let at = object; at !== null; at = Object.getPrototypeOf(at)) {
      list.push(
        `${typeof at} ${at.constructor?.name} ${at.name ?? ''} ${Object.isExtensible(at)}`
      );
    }
    return list;
  },
  spread: (object) => names({ ...object }).sort(),
  assign: (object) => names(Object.assign({}, object)).sort(),
  entries: (object) =>
    Object.entries(object)
      .filter(([name]) => isPublic(name))
      .map(([name, value]) => `${name} ${typeof value}`)
      .sort(),
  values: (object, run) =>
    names(object)
      .map((name) => {
        try {
          return `${name} ${describe(object[name], run, 1)}`;
        } catch (err) {
          return `${name} throws ${errorText(err, run)}`;
        }
      })
      .sort(),
  set(object, run) {
    const value = run.make(run.scenario.with);
    const copy = Object.create(object);
    return names(object)
      .concat(isLowLevel ? [] : names(Object.getPrototypeOf(object) ?? {}))
      .sort()
      .map((name) => {
        try {
          copy[name] = value;
          return `${name} ${copy[name] === value}`;
        } catch (err) {
          return `${name} throws ${errorText(err, run)}`;
        }
      });
  },
  delete(object, run) {
    const copy = Object.create(
      Object.getPrototypeOf(object),
      Object.getOwnPropertyDescriptors(object)
    );
    return names(copy)
      .sort()
      .map((name) => {
        try {
          return `${name} ${delete copy[name]}`;
        } catch (err) {
          return `${name} throws ${errorText(err, run)}`;
        }
      });
  },
  freeze: (object) => [
    Object.isFrozen(object),
    Object.isSealed(object),
    Object.isExtensible(object)
  ],
  callMembers: (object, run) =>
    names(object)
      .filter(
        (name) =>
          typeof Object.getOwnPropertyDescriptor(object, name).value ===
            'function' && !/^[A-Z]|terminate|close|constructor/.test(name)
      )
      .sort()
      .map((name) => {
        try {
          return `${name} ${describe(object[name].call(undefined), run, 1)}`;
        } catch (err) {
          return `${name} throws ${errorText(err, run)}`;
        }
      }),
  primitive: (object) => {
    try {
      return [`${object}`.slice(0, 12), Number(object)];
    } catch (err) {
      return errorText(err);
    }
  },
  inherit(object, run) {
    const child = Object.create(object);
    return names(object)
      .sort()
      .map((name) => {
        try {
          return `${name} ${describe(child[name], run, 0)}`;
        } catch (err) {
          return `${name} throws ${errorText(err, run)}`;
        }
      });
  }
};

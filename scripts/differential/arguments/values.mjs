// Arguments of every kind that a program can give. In a scenario they are
// { $: name, arg }, so that it can be printed; here they are made.
import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import vm from 'node:vm';
import { constants, deflateRawSync } from 'node:zlib';
import { describe } from './describe.mjs';

/**
 * @param {*} value Of a scenario
 * @param {Object} run Whose it is: `log(line)`, `names` (a Map), `look(name)`
 * @return {*} With all { $ } in it made
 */
export function real(value, run) {
  if (Array.isArray(value)) return value.map((each) => real(each, run));
  if (value === null || typeof value !== 'object') return value;
  if (value.$ !== undefined) return makers[value.$](value.arg, run);
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, real(each, run)])
  );
}

const bytes = (length) => Uint8Array.from({ length }, (_, i) => 65 + (i % 26));
const memory = (length) => bytes(length).buffer;
const detached = (length) => {
  const buffer = memory(length);
  const view = new Uint8Array(buffer);

  structuredClone(buffer, { transfer: [buffer] });
  return { buffer, view };
};
const thrower = (what) => () => {
  throw new Error(`${what} throws`);
};
const foreign = vm.createContext({});
const inOtherRealm = (code) => vm.runInContext(`(${code})`, foreign);

const HEADERS = {
  connection: 'Upgrade',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
  upgrade: 'websocket'
};

function frameOf({ opcode, fin, length, mask, form }) {
  const payload = Buffer.from(bytes(length));
  const long = length > 125 ? [126, length >> 8, length & 255] : [length];
  if (mask) long[0] |= 128;
  const frame = Buffer.concat([
    Buffer.from([(fin ? 128 : 0) | opcode, ...long]),
    mask ? Buffer.alloc(4) : Buffer.alloc(0),
    payload
  ]);
  if (form === 'bytes') return new Uint8Array(frame);
  if (form === 'string') return frame.toString('latin1');
  if (form === 'dataView') return new DataView(new Uint8Array(frame).buffer);
  return frame;
}

class OwnBuffer extends Uint8Array {}
class Thing {
  field = 1;
}

const makers = {
  undefined: () => undefined,
  NaN: () => NaN,
  minusZero: () => -0,
  infinity: (sign) => sign * Infinity,
  bigint: (text) => BigInt(text),
  symbol: (name) => (name ? Symbol[name] : Symbol('own')),
  boxed: (value) => Object(value),
  boxedBigint: () => Object(7n),
  boxedSymbol: () => Object(Symbol('boxed')),
  string: ({ text, times }) => text.repeat(times),
  loneSurrogate: (at) => ['\ud800', 'a\udc00b', '\ud83d\ude00\ud83d'][at],

  emptyObject: () => ({}),
  nullPrototype: () => Object.create(null),
  instance: () => new Thing(),
  inherits: (fields, run) => Object.create(real(fields, run)),
  frozen: (fields, run) => Object.freeze(real(fields, run)),
  // eslint-disable-next-line no-sparse-arrays
  sparse: () => [, 1],
  arguments() {
    return arguments;
  },
  circular() {
    const object = {};
    object.self = object;
    return object;
  },
  date: () => new Date(86400000),
  regexp: () => /a+/g,
  map: () => new Map([['a', 1]]),
  set: () => new Set(['a', 'b']),
  promise: () => Promise.resolve(1),
  // Where it was made is not compared.
  error: () => Object.assign(new RangeError('given'), { stack: 'given' }),
  url: (text) => new URL(text),
  emitter: () => new EventEmitter(),
  readable: () => Readable.from(['a']),
  abort: () => AbortSignal.abort(),
  iterable: () => ({
    *[Symbol.iterator]() {
      yield 1;
      yield 2;
    }
  }),

  valueOf: (value, run) => ({ valueOf: () => real(value, run) }),
  toString: (value, run) => ({ toString: () => real(value, run) }),
  toPrimitive: (value, run) => ({
    [Symbol.toPrimitive]: () => real(value, run)
  }),
  throwing: (name) => ({
    [name === 'toPrimitive' ? Symbol.toPrimitive : name]: thrower(name)
  }),
  getter: (name) =>
    Object.defineProperty({}, name, {
      enumerable: true,
      get: thrower(`getter ${name}`)
    }),
  proxy: (value, run) => new Proxy(real(value, run), {}),
  revoked() {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  trap: (name) => new Proxy({}, { [name]: thrower(`trap ${name}`) }),

  /** A function; what it does is `arg`. */
  fn(kind, run, stream = run.callbacks) {
    const label = `fn${(run.functions = (run.functions ?? 0) + 1)}`;
    const fn = function (...args) {
      // Node calls some callbacks of a stream as methods of what it noted them in.
      const self = run.names.get(this) ?? 'of no importance';
      run.log(`${label} called ${describe(args, run)} this ${self}`, stream);
      if (kind === 'throw') throw new Error(`${label} throws`);
      if (kind === 'true') return true;
      if (kind === 'again') {
        kind = 'plain';
        run.again?.();
      }
      return undefined;
    };
    if (kind === 'two') Object.defineProperty(fn, 'length', { value: 2 });
    run.names.set(fn, label);
    return fn;
  },
  /** A listener: its order among events counts. */
  handler: (kind, run) => makers.fn(kind, run, 'program'),
  /** What is in the buffer of a mask before is chance. */
  mask: (bytes, run) => (buffer) => {
    run.log(`mask of ${buffer.length}`);
    buffer.set(bytes);
  },
  class: () => class A {},
  async: (_, run) => async () => run.log('async called'),
  generator: () => function* generator() {},
  bound: (_, run) => makers.fn('plain', run).bind(null),
  builtin: () => Math.max,
  listener(kind, run) {
    const fn = makers.handler(kind, run);
    return { handleEvent: fn };
  },
  badListener: (value, run) => ({ handleEvent: real(value, run) }),

  bytes: (length) => bytes(length),
  buffer: (length) => Buffer.from(bytes(length)),
  slowBuffer: (length) => {
    const buffer = Buffer.allocUnsafeSlow(length);
    buffer.set(bytes(length));
    return buffer;
  },
  typed: ({ name, length }) =>
    new globalThis[name](memory(length * 8), 8, length - 1),
  float: (values) => Float64Array.from(values),
  dataView: (length) => new DataView(memory(length + 2), 1, length),
  arrayBuffer: (length) => memory(length),
  shared(length) {
    const buffer = new SharedArrayBuffer(length);
    new Uint8Array(buffer).set(bytes(length));
    return buffer;
  },
  overShared: (length) => new Uint8Array(makers.shared(length)),
  bufferOverShared: (length) => Buffer.from(makers.shared(length)),
  detached: (length) => detached(length).buffer,
  detachedView: (length) => detached(length).view,
  detachedBuffer(length) {
    const buffer = makers.slowBuffer(length);
    structuredClone(buffer.buffer, { transfer: [buffer.buffer] });
    return buffer;
  },
  resizable(length) {
    const buffer = new ArrayBuffer(length, { maxByteLength: 2 * length + 1 });
    new Uint8Array(buffer).set(bytes(length));
    return buffer;
  },
  tracking: (length) => new Uint8Array(makers.resizable(length)),
  outOfBounds(length) {
    const buffer = makers.resizable(length);
    const view = new Uint8Array(buffer, 1, length - 1);
    buffer.resize?.(0);
    return view;
  },
  ownBuffer: (length) => OwnBuffer.from(bytes(length)),
  lying: ({ length, says }) =>
    Object.defineProperty(Buffer.from(bytes(length)), 'length', {
      value: says
    }),
  tagged: (tag) =>
    Object.defineProperty(bytes(3), Symbol.toStringTag, { value: tag }),
  noBuffer: (length) => Object.setPrototypeOf(Buffer.from(bytes(length)), null),
  likeBuffer: (data) => ({ type: 'Buffer', data }),
  likeArray: (length, run) => ({ length: real(length, run), 0: 65, 1: 66 }),
  blob: (length) => new Blob([bytes(length)], { type: 'text/plain' }),
  file: (length) =>
    globalThis.File
      ? new File([bytes(length)], 'name', { lastModified: 1 })
      : new Blob(['file']),
  likeBlob: ({ tag, size, gives }, run) => ({
    arrayBuffer() {
      run.log('arrayBuffer() called', 'blobs');
      if (gives === 'throw') throw new Error('arrayBuffer throws');
      if (gives === 'reject') return Promise.reject(new Error('no blob'));
      if (gives === 'string') return Promise.resolve('text');
      if (gives === 'bytes') return Promise.resolve(bytes(3));
      return Promise.resolve(memory(3));
    },
    size,
    stream() {},
    type: '',
    [Symbol.toStringTag]: tag
  }),

  realm: (code) => inOtherRealm(code),
  urlOf: (text) => new URL(text),
  realFrame: () => Buffer.from([0x81, 2, 65, 66]),
  frame: (what) => frameOf(what),
  deflated: (text) =>
    deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(
      0,
      -4
    ),
  finish: (_, run) => (request) => {
    run.log(`finishRequest ${request.method} ${request.path}`);
    request.end();
  },
  httpServer: (_, run) => run.httpServer(),
  sink: (_, run) => run.sink(),
  duplex: (_, run) => run.duplex(),
  request: (fields, run) => ({
    method: 'GET',
    url: '/path?query',
    socket: {},
    ...real(fields, run),
    headers:
      typeof fields.headers === 'object' && !fields.headers?.$
        ? { ...HEADERS, ...real(fields.headers, run) }
        : 'headers' in fields
          ? real(fields.headers, run)
          : HEADERS
  }),
  /** What the scenario itself is about. */
  ref: (name, run) => run.look(name)
};

/** Whether there is such a value, as smaller scenarios may ask for what is not. */
export const knows = (name) => Object.hasOwn(makers, name);

// Values that programs give to methods which expect others, by their names.

class Bytes extends Uint8Array {}

/** Makes a value, a new one each time. `callback` is what stands for a function. */
export const makers = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  false: () => false,
  zero: () => 0,
  five: () => 5,
  negative: () => -1.5,
  nan: () => NaN,
  empty: () => '',
  text: () => 'text',
  long: () => 'y'.repeat(124),

  String: () => new String('boxed'),
  array: () => [1, 2, 300, -1, 'x'],
  strings: () => ['1', 'b'],
  object: () => ({}),
  lengthy: () => ({ length: 2, 0: 65 }),
  json: () => ({ type: 'Buffer', data: [1, 2] }),
  primitive: () => ({ [Symbol.toPrimitive]: () => 'primitive' }),
  date: () => new Date(0),
  symbol: () => Symbol('s'),
  bigint: () => 1n,
  function: () => () => {},
  buffer: () => Buffer.from('bytes'),
  words: () => new Uint16Array([1, 2, 65535]),
  floats: () => new Float64Array([1.5]),
  dataview: () => new DataView(new ArrayBuffer(9), 1, 5),
  arraybuffer: () => new ArrayBuffer(3),
  shared: () => new Uint8Array(new SharedArrayBuffer(4)),
  blob: () => new Blob(['blob']),
  file: () => new File(['file'], 'name'),
  emptyBlob: () => new Blob([]),
  map: () => new Map([[1, 2]]),
  regexp: () => /x/,
  surrogate: () => 'a\ud800b',
  subclass: () => new Bytes([7, 8]),
  typed0: () => new Uint8Array(0),

  binary: () => ({ binary: true }),
  notBinary: () => ({ binary: false }),
  binaryUndefined: () => ({ binary: undefined }),
  binaryText: () => ({ binary: 'no' }),
  maskFalse: () => ({ mask: undefined }),
  compressNo: () => ({ compress: 0 }),
  inherited: () => Object.create({ binary: true }),
  getter: () => ({
    get binary() {
      return true;
    }
  }),
  once: () => ({ once: true }),
  encoding: () => 'utf8',

  c1000: () => 1000,
  c1005: () => 1005,
  c3000: () => 3000,
  c4999: () => 4999,
  c5000: () => 5000,
  'c1000.5': () => 1000.5,
  sc1000: () => '1000',

  message: () => 'message',
  close: () => 'close',
  error: () => 'error'
};

/** Calls a method of an end's WebSocket with such values. */
export function oddCall(end, { args, id, method }) {
  const { ws } = end;
  const { trace } = end.run;
  const log = (what) => trace.add(`${end.name}.odd`, `${id} ${what}`);
  const values = args.map((name) => {
    if (name === 'callback') return (x) => log(`called with ${describe(x)}`);
    if (name === 'handler') return { handleEvent: () => log('handled') };
    return makers[name]();
  });

  trace.add(`${end.name}.gave`, 'anything');

  try {
    if (method === 'onmessage' || method === 'binaryType') {
      ws[method] = values[0];
      log(`${method} is ${describe(ws[method])}`);
    } else {
      log(`returned ${describe(ws[method](...values))}`);
    }
  } catch (err) {
    log(`threw ${err.constructor.name} ${err.code} ${err.message}`);
  }
  // docs/api.md: text that waits counts its bytes, not its units.
  log(`state ${ws.readyState} buffered ${ws.bufferedAmount > 0 ? 'some' : 0}`);
}

function describe(value) {
  if (value instanceof Error) return `${value.code} ${value.message}`;
  if (value !== null && typeof value === 'object') {
    return value.constructor.name;
  }
  return String(value);
}

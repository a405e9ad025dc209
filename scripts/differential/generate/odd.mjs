// Scenarios of calls with arguments that they are not made for.

/** Names of the values of run/odd-values.mjs. */
const DATA = [
  ...['undefined', 'null', 'true', 'false', 'zero', 'five', 'negative', 'nan'],
  ...['empty', 'text', 'String', 'array', 'strings', 'object', 'lengthy'],
  ...['json', 'primitive', 'date', 'symbol', 'bigint', 'function', 'buffer'],
  ...['words', 'floats', 'dataview', 'arraybuffer', 'shared', 'blob', 'file'],
  ...['emptyBlob', 'map', 'regexp', 'surrogate', 'subclass', 'typed0']
];
const SEND_OPTIONS = [
  ...['undefined', 'null', 'object', 'five', 'text', 'binary', 'notBinary'],
  ...['binaryUndefined', 'binaryText', 'maskFalse', 'compressNo', 'inherited'],
  ...['getter', 'array', 'symbol', 'true']
];
/** No other values: for those docs/api.md says what is different. */
const CALLBACKS = ['undefined', 'callback', 'callback', 'null', 'encoding'];
const CODES = [
  ...['undefined', 'null', 'zero', 'five', 'text', 'c1000', 'c1005', 'c3000'],
  ...['c4999', 'c5000', 'sc1000', 'nan', 'true', 'object', 'c1000.5', 'bigint']
];
const LISTENERS = [
  ...['callback', 'handler', 'object', 'undefined', 'text', 'five', 'symbol']
];

/**
 * @param {Number} seed
 * @param {Object} r Random numbers
 * @param {Object} limits As for makeScenario()
 * @return {Object} A scenario
 */
export function makeOdd(seed, r, { noUnix, topology }) {
  const transport =
    topology ||
    r.pick(['tcp', 'tcp', 'tls', 'duplex', noUnix ? 'tcp' : 'unix']);
  const isCompressed = r.chance(0.25);
  const at = { c: 0, e: 'a' };
  const steps = [];
  let next = 1;
  const odd = (method, args) =>
    steps.push({ ...at, op: 'odd', method, args, id: next++ });
  const call = () => {
    const method = r.weigh([
      [14, 'send'],
      [4, 'ping'],
      [3, 'pong'],
      [1, 'addEventListener'],
      [1, 'removeEventListener'],
      [1, 'onmessage'],
      [1, 'binaryType'],
      [1, 'emit']
    ]);

    switch (method) {
      case 'send': {
        const args = [r.pick(DATA)];

        if (r.chance(0.5)) args.push(r.pick(SEND_OPTIONS));
        if (args.length > 1 && r.chance(0.5)) args.push(r.pick(CALLBACKS));
        odd(method, args);
        break;
      }
      case 'ping':
      case 'pong': {
        const args = [];

        if (r.chance(0.9)) args.push(r.pick(DATA));
        if (args.length > 0 && r.chance(0.5)) {
          args.push(r.pick(['undefined', 'callback', 'null', 'false', 'true']));
        }
        if (args.length > 1 && r.chance(0.5)) args.push(r.pick(CALLBACKS));
        odd(method, args);
        break;
      }
      case 'emit':
        odd(method, [r.pick(['text', 'symbol', 'undefined']), r.pick(DATA)]);
        break;
      case 'binaryType':
      case 'onmessage':
        odd(method, [r.pick(DATA)]);
        break;
      default:
        odd(method, [
          r.pick(['message', 'close', 'error', 'text', 'symbol']),
          r.pick(LISTENERS),
          // Of `null` docs/api.md says what is different.
          r.pick(['undefined', 'once', 'true', 'object'])
        ]);
    }
  };
  const rest = () => steps.push({ op: 'quiesce', id: next++ });

  for (let i = r.int(1, 8); i > 0; i--) {
    call();
    if (r.chance(0.5)) rest();
  }
  if (r.chance(0.5)) {
    rest();
    steps.push({
      ...{ c: 0, e: 'b', op: 'frames' },
      frames: [{ op: r.pick([1, 2]), size: 20, id: next++ }]
    });
    rest();
  }
  if (r.chance(0.6)) {
    odd('close', [
      r.pick(CODES),
      r.pick([...DATA, 'undefined', 'long', 'buffer', 'text'])
    ]);
    for (let i = r.int(0, 3); i > 0; i--) call();
    rest();
  }

  return {
    ...{ seed, odd: true, racy: false, transport, peer: 'raw' },
    role: r.pick(['server', 'client']),
    deflate: isCompressed ? { clientNo: false, serverNo: false } : null,
    options: {
      closeTimeout: 900,
      perMessageDeflate: isCompressed ? { threshold: 0 } : false
    },
    peerOptions: { closeTimeout: 900 },
    conns: [r.chance(0.4) ? { noAutoClose: true } : {}],
    ...{ steps, settle: true, noServer: r.chance(0.3), slowDuplex: false },
    finish: r.pick(['fin', 'close', 'sutClose'])
  };
}

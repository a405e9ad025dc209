// Picks arguments: what a call expects, what it nearly expects, and anything.

const $ = (name, arg) => (arg === undefined ? { $: name } : { $: name, arg });

const SCALARS = [
  $('undefined'),
  null,
  true,
  false,
  0,
  1,
  -1,
  1.5,
  3,
  1000,
  1005,
  3000,
  65536,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e21,
  $('minusZero'),
  $('NaN'),
  $('infinity', 1),
  $('infinity', -1),
  $('bigint', '10'),
  $('bigint', '-1'),
  $('symbol'),
  $('symbol', 'iterator'),
  '',
  'a',
  'text',
  '1000',
  'utf8',
  'é€😀',
  $('loneSurrogate', 0),
  $('loneSurrogate', 1),
  $('loneSurrogate', 2),
  $('string', { text: 'x', times: 126 }),
  $('string', { text: 'é', times: 62 }),
  $('string', { text: '1234567', times: 10000 })
];

const OBJECTS = [
  $('emptyObject'),
  $('nullPrototype'),
  $('instance'),
  $('inherits', { binary: true, length: 2 }),
  $('frozen', { a: 1 }),
  [],
  [1, 2, 300],
  ['a'],
  [[]],
  $('sparse'),
  $('arguments'),
  $('circular'),
  $('date'),
  $('regexp'),
  $('map'),
  $('set'),
  $('promise'),
  $('error'),
  $('url', 'ws://a.b/c'),
  $('emitter'),
  $('readable'),
  $('abort'),
  $('iterable'),
  $('boxed', 1),
  $('boxed', 's'),
  $('boxed', true),
  $('boxedBigint'),
  $('boxedSymbol'),
  $('valueOf', 5),
  $('valueOf', 'text'),
  $('valueOf', null),
  $('valueOf', $('buffer', 3)),
  $('toString', 'text'),
  $('toString', 5),
  $('toPrimitive', 'text'),
  $('toPrimitive', 1000),
  $('toPrimitive', $('symbol')),
  $('throwing', 'valueOf'),
  $('throwing', 'toString'),
  $('throwing', 'toPrimitive'),
  $('getter', 'length'),
  $('getter', 'binary'),
  $('getter', 'handleEvent'),
  $('getter', 'once'),
  $('getter', 'then'),
  $('proxy', {}),
  $('proxy', [1, 2]),
  $('proxy', $('bytes', 3)),
  $('proxy', $('fn', 'plain')),
  $('revoked'),
  $('trap', 'get'),
  $('trap', 'ownKeys'),
  $('trap', 'has'),
  $('trap', 'getPrototypeOf'),
  $('likeBuffer', [1, 2]),
  $('likeBuffer', 'text'),
  $('likeArray', 2),
  $('likeArray', -1),
  $('likeArray', '2'),
  $('likeArray', $('NaN')),
  $('likeArray', 200),
  $('likeArray', $('valueOf', 1)),
  $('realm', '[1, 2]'),
  $('realm', '{ a: 1, binary: true }'),
  $('realm', 'new String("s")'),
  $('realm', 'function f() {}'),
  $('realm', 'new Error("far")'),
  $('realm', 'new Map()')
];

/** Those of which nobody notices who reads what. */
const QUIET = OBJECTS.filter(
  ({ $: name }) => !['getter', 'trap', 'revoked', 'throwing'].includes(name)
);

const BYTES = [
  $('bytes', 3),
  $('bytes', 0),
  $('buffer', 3),
  $('buffer', 0),
  $('buffer', 125),
  $('buffer', 126),
  $('buffer', 70000),
  $('slowBuffer', 30),
  $('arrayBuffer', 0),
  $('arrayBuffer', 5),
  $('arrayBuffer', 200),
  $('dataView', 4),
  $('shared', 4),
  $('overShared', 4),
  $('bufferOverShared', 4),
  $('detached', 4),
  $('detachedView', 4),
  $('detachedBuffer', 4),
  $('resizable', 4),
  $('tracking', 4),
  $('outOfBounds', 4),
  $('ownBuffer', 4),
  $('tagged', 'Blob'),
  $('noBuffer', 3),
  $('blob', 0),
  $('blob', 4),
  $('blob', 126),
  $('file', 4),
  $('likeBlob', { tag: 'Blob', size: 3 }),
  $('likeBlob', { tag: 'File', size: 3 }),
  $('likeBlob', { tag: 'Blob', size: 126 }),
  $('likeBlob', { tag: 'Blob' }),
  $('likeBlob', { tag: 'Other', size: 3 }),
  $('likeBlob', { tag: 'Blob', size: 3, gives: 'throw' }),
  $('likeBlob', { tag: 'Blob', size: 3, gives: 'reject' }),
  $('realm', 'new Uint8Array([1, 2])'),
  $('realm', 'new ArrayBuffer(3)'),
  $('realm', 'new DataView(new ArrayBuffer(3))'),
  $('float', [1, 2]),
  ...[
    'Int8Array',
    'Uint8Array',
    'Uint8ClampedArray',
    'Int16Array',
    'Uint16Array',
    'Int32Array',
    'Uint32Array',
    'Float32Array',
    'Float64Array',
    'BigInt64Array',
    'BigUint64Array'
  ].map((name) => $('typed', { name, length: 4 }))
];

const FUNCTIONS = [
  $('fn', 'plain'),
  $('fn', 'plain'),
  $('fn', 'plain'),
  $('fn', 'true'),
  $('fn', 'two'),
  $('fn', 'throw'),
  $('class'),
  $('async'),
  $('generator'),
  $('bound'),
  $('builtin'),
  $('listener', 'plain'),
  $('badListener', 5),
  $('badListener', null)
];

/** @return {*} An object, with nothing that throws when it is read */
export const quiet = (r) => r.pick([...SCALARS, ...BYTES, ...QUIET]);

export const undef = $('undefined');

/** @return {*} Anything at all */
export function any(r) {
  return r.pick(
    r.weigh([
      [4, SCALARS],
      [4, OBJECTS],
      [3, BYTES],
      [2, FUNCTIONS]
    ])
  );
}

/** @return {*} One of those that a call expects, or anything */
const mostly = (likely) => (r) => (r.chance(0.5) ? r.pick(likely) : any(r));

export const data = (r) =>
  r.weigh([
    [3, r.pick(BYTES)],
    [2, r.pick(SCALARS)],
    [3, any(r)],
    [2, r.pick(['a', 'text', $('buffer', 3), $('buffer', 200)])]
  ]);
export const callback = (r) =>
  r.weigh([
    [5, $('fn', 'plain')],
    [1, r.pick(FUNCTIONS)],
    [1, undef],
    // None that throws when it is made into a string: who does that differs.
    [2, r.pick([...SCALARS, ...BYTES.slice(0, 16), ...OBJECTS.slice(0, 20)])]
  ]);
export const flag = mostly([true, false, undef]);
export const code = mostly([
  ...[1000, 1001, 1003, 1004, 1005, 1006, 1007, 1014, 1015, 2999, 3000, 4999],
  ...[5000, 999, 1000.5, undef, $('NaN'), '1000', $('boxed', 1000)]
]);
export const reason = mostly([
  undef,
  '',
  'bye',
  $('buffer', 4),
  $('buffer', 123),
  $('buffer', 124),
  $('string', { text: 'é', times: 62 }),
  $('typed', { name: 'Uint16Array', length: 4 }),
  $('float', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
]);
export const eventType = mostly([
  'message',
  'close',
  'error',
  'open',
  'ping',
  'Message',
  $('boxed', 'message'),
  $('toString', 'message'),
  ['message']
]);
/** api.md says what nothing is. */
export const listener = (r) => {
  const value = someListener(r);
  return value === null || value.$ === 'undefined' ? 5 : value;
};
const someListener = mostly([
  $('handler', 'plain'),
  $('handler', 'again'),
  $('listener', 'plain'),
  $('badListener', $('handler', 'plain'))
]);
export const number = mostly([0, 1, 2, 5, 100, 65536, -1, 1.5, '2', '0x2']);

/** Fields that a call knows, some of them, with what it expects or anything. */
export function fields(r, known, likely = flag) {
  const object = {};
  for (const name of known) {
    if (r.chance(0.35)) object[name] = likely(r, name);
  }
  return object;
}

const SEND_OPTIONS = ['binary', 'compress', 'fin', 'mask'];
export const sendOptions = (r) =>
  r.weigh([
    [4, undef],
    [4, fields(r, SEND_OPTIONS)],
    [1, $('inherits', fields(r, SEND_OPTIONS))],
    [1, $('proxy', fields(r, SEND_OPTIONS))],
    // Others of its fields are not read here.
    [3, r.pick([...SCALARS, ...BYTES, ...FUNCTIONS, ...QUIET])]
  ]);

/** Arguments, of which some are missing, or that are more than there should be. */
export function list(r, ...makers) {
  const args = makers.map((make) => make(r));
  if (r.chance(0.25)) args.length = r.int(0, args.length);
  if (r.chance(0.1)) args.push(any(r));
  return args;
}

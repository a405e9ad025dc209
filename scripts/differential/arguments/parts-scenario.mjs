// Calls of the low-level parts: Receiver, Sender, PerMessageDeflate, extension,
// subprotocol, and of methods without their object.
import {
  any,
  callback,
  code,
  data,
  fields,
  flag,
  list,
  number,
  reason
} from './arguments.mjs';
import { deflateOptions } from './options.mjs';

export function partsScenario(r) {
  const part = r.weigh([
    [3, 'Sender'],
    [3, 'Receiver'],
    [3, 'PerMessageDeflate'],
    [2, 'extension'],
    [1, 'subprotocol'],
    [2, 'methods']
  ]);
  return { part, ...makers[part](r) };
}

const many = (r, most, make) =>
  Array.from({ length: r.int(1, most) }, () => make(r));

const makers = {
  Sender: (r) => ({
    make: [
      { $: 'sink' },
      r.chance(0.6) ? { $: 'undefined' } : r.chance(0.5) ? {} : any(r),
      r.chance(0.6) ? { $: 'undefined' } : { $: 'mask', arg: [9, 8, 7, 6] }
    ].slice(0, r.int(1, 3)),
    calls: many(r, 6, senderCall)
  }),

  Receiver: (r) => ({
    make: [
      r.chance(0.2)
        ? any(r)
        : {
            ...fields(r, ['allowSynchronousEvents', 'isServer']),
            ...fields(r, ['skipUTF8Validation']),
            ...fields(
              r,
              ['maxPayload', 'maxFragments', 'maxBufferedChunks'],
              number
            ),
            ...fields(r, ['binaryType', 'extensions'], (x, name) =>
              name === 'binaryType'
                ? x.pick(['arraybuffer', 'blob', 'fragments'])
                : any(x)
            )
          }
    ].slice(0, r.chance(0.9) ? 1 : 0),
    calls: many(r, 6, receiverCall)
  }),

  PerMessageDeflate: (r) => ({
    make: [deflateOptions(r)].slice(0, r.chance(0.9) ? 1 : 0),
    calls: many(r, 5, deflateCall)
  }),

  extension: (r) => ({
    calls: many(r, 6, (x) =>
      x.chance(0.5)
        ? { call: 'parse', args: list(x, headerText) }
        : { call: 'format', args: list(x, extensionsObject) }
    )
  }),

  subprotocol: (r) => ({
    calls: many(r, 6, (x) => ({ call: 'parse', args: list(x, headerText) }))
  }),

  methods: (r) => ({
    calls: many(r, 4, (x) => ({
      of: x.pick(['WebSocket', 'WebSocketServer']),
      call: x.pick([
        ...['send', 'ping', 'pong', 'close', 'terminate', 'pause', 'resume'],
        ...['addEventListener', 'removeEventListener', 'address'],
        ...['shouldHandle', 'handleUpgrade', 'readyState', 'bufferedAmount'],
        ...['extensions', 'protocol', 'url', 'isPaused', 'binaryType']
      ]),
      this: x.chance(0.5) ? x.pick([{}, { readyState: 3 }]) : any(x),
      args: list(x, any, any, any)
    }))
  })
};

const frameOptions = (r) =>
  r.chance(0.15)
    ? any(r)
    : {
        ...fields(r, ['fin', 'mask', 'readOnly', 'rsv1']),
        ...fields(r, ['maskBuffer', 'generateMask'], (x, name) =>
          name === 'generateMask'
            ? { $: 'mask', arg: [1, 2, 3, 4] }
            : x.pick([null, { $: 'buffer', arg: 4 }, { $: 'bytes', arg: 5 }])
        ),
        opcode: r.chance(0.7) ? r.pick([0, 1, 2, 8, 9, 10]) : any(r)
      };

/** Of what has no length ws makes half a frame, with some options. */
const bytesOrText = (r) =>
  r.pick([
    ...['', 'text', 'é€😀', [1, 2], { $: 'buffer', arg: 3 }],
    ...[
      { $: 'buffer', arg: 0 },
      { $: 'buffer', arg: 70000 }
    ],
    ...[
      { $: 'bytes', arg: 126 },
      { $: 'ownBuffer', arg: 5 },
      { $: 'tracking', arg: 4 }
    ]
  ]);

/** `null` is of another error. */
const some = (r) => {
  const value = data(r);
  // Without a connection nobody ends what has failed.
  return value === null || value.arg?.gives ? 5 : value;
};

function senderCall(r) {
  return r.weigh([
    [3, { call: 'frame', args: [bytesOrText(r), frameOptions(r)] }],
    [
      4,
      {
        call: 'send',
        args: list(
          r,
          some,
          (x) =>
            x.chance(0.15)
              ? any(x)
              : // Without the extension nothing is to be compressed.
                fields(x, ['binary', 'fin', 'mask']),
          callback
        )
      }
    ],
    [
      2,
      { call: r.pick(['ping', 'pong']), args: list(r, some, flag, callback) }
    ],
    [2, { call: 'close', args: list(r, code, reason, flag, callback) }],
    [
      1,
      {
        call: 'sendFrame',
        args: list(
          r,
          (x) =>
            x.pick([
              [{ $: 'realFrame' }, ''],
              [{ $: 'realFrame' }],
              [{ $: 'realFrame' }, { $: 'dataView', arg: 0 }]
            ]),
          callback
        )
      }
    ]
  ]);
}

function receiverCall(r) {
  return r.weigh([
    [5, { call: 'write', args: list(r, frameBytes, callback) }],
    [1, { call: 'write', args: list(r, any, any, callback) }],
    [1, { call: 'end', args: list(r, any, callback) }],
    [1, { call: 'destroy', args: list(r, any) }],
    [1, { call: 'cork', args: [] }],
    [1, { call: 'uncork', args: [] }],
    [
      1,
      {
        set: r.pick([
          ...['_binaryType', '_skipUTF8Validation'],
          '_allowSynchronousEvents'
        ]),
        args: [any(r)]
      }
    ]
  ]);
}

const frameBytes = (r) =>
  r.chance(0.8)
    ? {
        $: 'frame',
        arg: {
          opcode: r.pick([0, 1, 2, 8, 9, 10, 3]),
          fin: r.chance(0.8),
          length: r.pick([0, 1, 2, 5, 125, 126, 300]),
          mask: r.chance(0.5),
          form: r.pick(['buffer', 'bytes', 'string', 'dataView'])
        }
      }
    : any(r);

function deflateCall(r) {
  return r.weigh([
    [2, { call: 'offer', args: list(r, any) }],
    [
      3,
      {
        call: 'accept',
        args: list(r, (x) => (x.chance(0.1) ? [any(x)] : [offer(x)]))
      }
    ],
    [2, { call: 'compress', args: list(r, data, flag, callback) }],
    [2, { call: 'decompress', args: list(r, deflated, flag, callback) }],
    [1, { call: 'cleanup', args: list(r, any) }],
    [1, { get: r.pick(['params', '_options', '_threshold', '_maxPayload']) }]
  ]);
}

const deflated = (r) =>
  r.chance(0.6) ? { $: 'deflated', arg: r.pick(['a', 'text', '']) } : data(r);

const PARAMETERS = [
  'server_no_context_takeover',
  'client_no_context_takeover',
  'server_max_window_bits',
  'client_max_window_bits'
];
const offer = (r) =>
  fields(r, [...PARAMETERS, 'other'], (x) =>
    x.chance(0.7)
      ? x.pick([
          [true],
          ['10'],
          [15],
          ['8'],
          ['16'],
          [' 9'],
          ['0xa'],
          [true, 1]
        ])
      : x.chance(0.5)
        ? [any(x)]
        : any(x)
  );

const headerText = (r) =>
  r.chance(0.6)
    ? r.pick([
        'a',
        'a, b',
        'a;b',
        'a; b=1',
        'a; b="1"',
        'a; b="\\""',
        'a; b="\\"',
        'a; b = 1',
        'a,',
        ',a',
        'a;',
        'a;=1',
        'a a',
        'a\tb',
        '\ta\t',
        'é',
        'a; __proto__',
        '__proto__; a',
        'a; b; b=2',
        'a,a'
      ])
    : any(r);

const extensionsObject = (r) =>
  r.chance(0.3)
    ? any(r)
    : fields(r, ['a', 'b'], (x) =>
        x.weigh([
          [2, {}],
          [2, { c: true, d: 1 }],
          [2, [{ c: [true, 'x'] }, {}]],
          [1, { c: any(x) }],
          [1, [any(x)]],
          [1, any(x)]
        ])
      );

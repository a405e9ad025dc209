// One connection: who has it, over what, in which state, and what is called in which
// callback.
import {
  any,
  callback,
  code,
  data,
  eventType,
  fields,
  flag,
  list,
  listener,
  number,
  quiet,
  reason,
  sendOptions,
  undef
} from './arguments.mjs';

const STATES = [
  [5, 'open'],
  [2, 'connecting'],
  [2, 'closing'],
  [2, 'peerClosing'],
  [1, 'peerEnded'],
  [2, 'closed'],
  [1, 'terminated'],
  [2, 'paused'],
  [2, 'compressing'],
  [2, 'blob'],
  [1, 'failed'],
  [1, 'bare']
];

const PLACES = [
  [8, 'macrotask'],
  [1, 'tick'],
  [1, 'microtask'],
  [2, 'message'],
  [1, 'ping'],
  [1, 'pong'],
  [1, 'close'],
  [1, 'error'],
  [2, 'callback'],
  [1, 'attribute']
];

/** A stream over it, with options of all kinds, is what most is done with. */
export const streamScenario = (r) => socketScenario(r, true);

export function socketScenario(r, hasStream = r.chance(0.1)) {
  const topology = r.weigh([
    [5, 'light'],
    [2, 'touched'],
    [2, 'server'],
    [2, 'noServer'],
    [1, 'tls'],
    [1, 'unix'],
    [2, 'duplex']
  ]);
  const mode = {
    role: r.chance(0.6) ? 'server' : 'client',
    state: r.weigh(STATES)
  };
  if (r.chance(0.3) || mode.state === 'compressing') mode.deflate = true;
  if (r.chance(0.2)) mode.silent = true;
  const scenario = { topology, mode, steps: [] };
  if (r.chance(0.15)) scenario.options = connectionOptions(r);
  if (hasStream) scenario.stream = streamOptions(r);
  const count = r.int(1, 7);
  for (let i = 0; i < count; i++) scenario.steps.push(step(r, scenario));
  return scenario;
}

function connectionOptions(r) {
  return r.weigh([
    [1, { allowSynchronousEvents: flag(r) }],
    [1, { autoPong: flag(r) }],
    [1, { maxPayload: number(r) }],
    [1, { closeTimeout: number(r) }],
    [1, { maxFragments: number(r) }],
    [1, { skipUTF8Validation: flag(r) }],
    [1, { maxPendingAutoPongs: number(r) }]
  ]);
}

function streamOptions(r) {
  if (r.chance(0.1)) return any(r);
  const encodings = ['utf8', 'latin1', 'hex', 'buffer', 'none'];
  const mostly = (list) => (x) => (x.chance(0.85) ? x.pick(list) : any(x));
  return {
    ...fields(r, ['readableObjectMode', 'allowHalfOpen', 'decodeStrings']),
    ...fields(r, ['autoDestroy', 'emitClose', 'objectMode', 'readable']),
    ...fields(r, ['writableObjectMode', 'writable']),
    ...fields(
      r,
      ['highWaterMark', 'readableHighWaterMark', 'writableHighWaterMark'],
      mostly([0, 1, 10, 65536])
    ),
    ...fields(r, ['encoding', 'defaultEncoding'], mostly(encodings)),
    ...fields(r, ['signal'], mostly([{ $: 'abort' }, undef])),
    ...fields(r, ['read', 'write', 'destroy', 'final', 'writev'], callback),
    ...(r.chance(0.1) && { construct: callback(r) })
  };
}

function step(r, scenario) {
  if (r.chance(0.2)) return peerStep(r);
  const at = r.weigh(PLACES);
  const calls = [];
  const count = r.weigh([
    [6, 1],
    [2, 2],
    [1, 4]
  ]);
  for (let i = 0; i < count; i++) calls.push(call(r, scenario));
  const made = { at, calls };
  // How fast is compressed and read is nobody's affair.
  if (!isLate(scenario) && r.chance(0.15)) made.noBarrier = true;
  return made;
}

const isLate = ({ mode }) => mode.deflate || mode.state === 'blob';

function peerStep(r) {
  return {
    peer: r.weigh([
      [3, 'text'],
      [3, 'binary'],
      [1, 'empty'],
      [2, 'ping'],
      [1, 'pong'],
      [2, 'fragments'],
      [1, 'close'],
      [1, 'closeReason'],
      [1, 'bad'],
      [1, 'end'],
      [1, 'destroy']
    ])
  };
}

function call(r, scenario) {
  if (scenario.stream && r.chance(0.6)) return streamCall(r);
  return r.weigh([
    [9, { on: 'ws', call: 'send', args: list(r, data, sendOptions, callback) }],
    [2, { on: 'ws', call: 'send', args: list(r, data, callback) }],
    [3, { on: 'ws', call: 'ping', args: list(r, data, flag, callback) }],
    [2, { on: 'ws', call: 'pong', args: list(r, data, flag, callback) }],
    [4, { on: 'ws', call: 'close', args: list(r, code, reason) }],
    [1, { on: 'ws', call: 'terminate', args: list(r, any) }],
    [2, { on: 'ws', call: r.pick(['pause', 'resume']), args: list(r, any) }],
    [
      4,
      {
        on: 'ws',
        call: 'addEventListener',
        args: list(r, eventType, listener, (x) =>
          x.weigh([
            [3, undef],
            [3, { once: flag(x) }],
            [2, quiet(x)]
          ])
        )
      }
    ],
    [
      1,
      {
        on: 'ws',
        call: 'removeEventListener',
        args: list(r, eventType, listener)
      }
    ],
    [
      2,
      {
        on: 'ws',
        set: r.pick(['onmessage', 'onclose', 'onerror', 'onopen']),
        args: [listener(r)]
      }
    ],
    [
      2,
      {
        on: 'ws',
        set: 'binaryType',
        args: [
          r.chance(0.6)
            ? r.pick(['arraybuffer', 'blob', 'fragments', 'nodebuffer'])
            : any(r)
        ]
      }
    ],
    [
      1,
      {
        on: 'ws',
        set: r.pick([
          'readyState',
          'bufferedAmount',
          'extensions',
          'protocol',
          'url',
          'isPaused',
          'CONNECTING'
        ]),
        args: [any(r)]
      }
    ],
    [1, emitCall(r)],
    [
      1,
      {
        on: 'ws',
        call: r.pick(['on', 'once']),
        args: [eventType(r), listener(r)]
      }
    ],
    [
      1,
      {
        on: 'sender',
        call: 'send',
        args: list(
          r,
          some,
          (x) => fields(x, ['binary', 'fin', 'mask']),
          callback
        )
      }
    ],
    [
      1,
      {
        on: 'sender',
        call: r.pick(['ping', 'pong']),
        args: list(r, some, flag, callback)
      }
    ],
    [
      1,
      {
        on: 'sender',
        call: 'close',
        args: list(r, code, reason, flag, callback)
      }
    ],
    [
      1,
      { on: 'sender', call: 'sendFrame', args: list(r, frameList, callback) }
    ],
    [
      1,
      {
        on: 'socket',
        call: r.pick([
          'pause',
          'resume',
          'setNoDelay',
          'setKeepAlive',
          'setTimeout',
          'end',
          'destroy',
          'destroySoon',
          'ref',
          'unref'
        ]),
        args: r.chance(0.5) ? [] : [any(r)]
      }
    ],
    [
      1,
      {
        on: 'receiver',
        get: r.pick([
          '_isServer',
          '_binaryType',
          '_extensions',
          '_maxPayload',
          '_totalPayloadLength',
          '_errored'
        ])
      }
    ],
    [1, { on: 'wss', call: 'close', args: list(r, callback) }]
  ]);
}

/** `null` is of another error. */
const some = (r) => {
  const value = data(r);
  return value === null ? 5 : value;
};

const frameList = (r) =>
  r.weigh([
    [3, [{ $: 'realFrame' }]],
    [3, [{ $: 'realFrame' }, '']],
    [2, [r.pick(['\x09\x00', '\x0a\x00'])]],
    [1, [any(r)]],
    [1, r.pick([[], {}, 5, true, [[]]])]
  ]);

function emitCall(r) {
  const name = r.pick(['message', 'close', 'error', 'open', 'ping']);
  return { on: 'ws', call: 'emit', args: [name, ...list(r, any, any)] };
}

function streamCall(r) {
  return r.weigh([
    [4, { on: 'stream', call: 'write', args: list(r, some, any, callback) }],
    [1, { on: 'stream', call: 'write', args: list(r, some, callback) }],
    [2, { on: 'stream', call: 'end', args: list(r, some, any, callback) }],
    [1, { on: 'stream', call: 'end', args: list(r, callback) }],
    [1, { on: 'stream', call: 'destroy', args: list(r, any) }],
    [
      1,
      {
        on: 'stream',
        call: r.pick([
          'pause',
          'resume',
          'read',
          'setEncoding',
          'push',
          'unshift',
          'cork',
          'uncork',
          'setDefaultEncoding'
        ]),
        args: list(r, any)
      }
    ]
  ]);
}

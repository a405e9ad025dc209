// A server: its options, and calls of its methods.
import { any, callback, fields, list } from './arguments.mjs';
import { serverOptions } from './options.mjs';

export function serverScenario(r) {
  const scenario = {
    args: [r.chance(0.1) ? any(r) : serverOptions(r), callback(r)],
    calls: []
  };
  if (r.chance(0.3)) scenario.args.length = 1;
  if (r.chance(0.05)) scenario.args.length = 0;
  const count = r.int(0, 4);
  for (let i = 0; i < count; i++) scenario.calls.push(serverCall(r));
  scenario.connect = r.chance(0.7);
  scenario.again = serverCall(r);
  return scenario;
}

function serverCall(r) {
  const fake = (x) =>
    x.weigh([
      [4, { $: 'request', arg: fields(x, ['url', 'method', 'headers'], any) }],
      [2, { $: 'request', arg: { headers: fields(x, HEADERS, any) } }],
      [2, any(x)]
    ]);
  const socket = (x) => (x.chance(0.7) ? { $: 'duplex' } : any(x));
  const head = (x) => (x.chance(0.6) ? { $: 'buffer', arg: 0 } : any(x));
  return r.weigh([
    [2, { call: 'address', args: list(r, any) }],
    [2, { call: 'close', args: list(r, callback) }],
    [3, { call: 'shouldHandle', args: list(r, fake) }],
    [6, { call: 'handleUpgrade', args: list(r, fake, socket, head, callback) }],
    [
      2,
      {
        call: 'completeUpgrade',
        args: list(
          r,
          (x) => (x.chance(0.6) ? {} : any(x)),
          (x) => (x.chance(0.6) ? 'key' : any(x)),
          (x) => (x.chance(0.6) ? { $: 'set' } : any(x)),
          fake,
          socket,
          head,
          callback
        )
      }
    ],
    [1, { get: r.pick(['clients', 'options', 'path', '_state']) }],
    [1, { call: 'emit', args: ['error', any(r)] }],
    [
      1,
      {
        option: r.pick([
          'path',
          'maxPayload',
          'perMessageDeflate',
          'verifyClient',
          'WebSocket',
          'handleProtocols',
          'clientTracking',
          'autoPong'
        ]),
        args: [any(r)]
      }
    ],
    [
      1,
      {
        set: r.pick([
          'clients',
          'options',
          'address',
          'shouldHandle',
          'handleUpgrade'
        ]),
        args: [any(r)]
      }
    ]
  ]);
}

const HEADERS = [
  'sec-websocket-key',
  'upgrade',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'origin'
];

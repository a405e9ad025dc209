// Makes random servers and what raw clients send them; plain data, of a seed.
import { rng } from '../random.mjs';
import { requestOf } from './server-requests.mjs';

/** Masked frames of a client, in hex. */
const FRAMES = [
  '8182000000006869',
  '818201020304696b',
  '818000000000',
  '898000000000',
  '898000000000',

  '88820000000003e8',
  '888000000000',
  '8882000000000bb8',
  '81026869',
  '8f8000000000',
  '81fe012c00000000' + '61'.repeat(300),
  '0182000000006869',
  '808200000000696a',
  '818300000000ffffff',
  '8182'
];

export function serverScenario(seed) {
  const r = rng(seed * 40503 + 99);
  const oddness = r.pick([0.15, 0.5, 1]);
  const maybe = (p) => r.chance(p * oddness);
  const mode = r.weigh([
    [5, 'port'],
    [5, 'server'],
    [2, 'noServer']
  ]);
  const topology =
    mode === 'port'
      ? 'tcp'
      : r.weigh([
          [6, 'tcp'],
          [3, 'tls'],
          [1, 'unix']
        ]);
  const s = { kind: 'server', seed, topology, mode, options: {}, clients: [] };
  const o = s.options;

  if (maybe(0.3)) o.path = r.pick(['/', '/chat', '/chat', '', '/a?b', '*']);
  if (r.chance(0.35)) {
    o.perMessageDeflate = r.pick([
      true,
      true,
      { serverNoContextTakeover: true },
      { clientNoContextTakeover: true },
      { serverMaxWindowBits: 10 },
      { clientMaxWindowBits: 9 },
      { clientMaxWindowBits: true },
      { serverMaxWindowBits: 8, threshold: 0 },
      {
        serverNoContextTakeover: false,
        clientNoContextTakeover: false,
        serverMaxWindowBits: false,
        clientMaxWindowBits: false
      },
      1,
      'x',
      { clientMaxWindowBits: false },
      { serverMaxWindowBits: null }
    ]);
  }
  if (maybe(0.4)) {
    o.verifyClient = {
      $: 'verify',
      arg: r.pick([
        'yes',
        'yes',
        'no',
        'no',
        'undefined',
        'one',
        'throw',
        'info',
        'promise',
        'destroys',
        'closes wss',
        'cb yes',
        'cb no',
        'cb later yes',
        'cb later yes',
        'cb later no',
        'cb later no',
        'cb 403',
        'cb code',
        'cb headers',
        'cb headers',
        'cb number',
        'cb 200',
        'cb twice',
        'cb no yes',
        'cb yes no',
        'cb never',
        'cb throw',
        'cb write',
        'cb later closed',
        'cb buffer',
        'string',
        'three',
        'rest'
      ])
    };
  }
  if (maybe(0.35)) {
    o.handleProtocols = {
      $: 'protocols',
      arg: r.pick([
        'first',
        'last',
        'false',
        '',
        'undefined',
        'other',
        'number',
        'throw',
        'object',
        'true',
        'set',
        'mutate',
        'crlf',
        'promise',
        'destroys',
        'string',
        'null',
        'symbol',
        'array'
      ])
    };
  }
  if (maybe(0.2)) {
    o.maxPayload = r.pick([0, 1, 100, -1, '5', { $: 'undefined' }]);
  }
  if (maybe(0.2)) o.clientTracking = r.pick([false, false, true, 0]);
  if (maybe(0.1)) o.backlog = r.pick([1, 511, 0, '5']);
  if (maybe(0.15)) o.autoPong = r.pick([false, true, 0]);
  if (maybe(0.1)) o.skipUTF8Validation = true;
  if (maybe(0.1)) o.allowSynchronousEvents = false;
  if (maybe(0.15)) {
    o.WebSocket = {
      $: 'class',
      arg: r.pick(['sub', 'sub', 'ctor throws', 'overrides'])
    };
  }
  if (maybe(0.1)) {
    o.host = r.pick([
      '127.0.0.1',
      'localhost',
      '::1',
      '203.0.113.1',
      'x.invalid'
    ]);
  }
  if (maybe(0.5)) o.closeTimeout = 30;
  if (mode === 'server' && maybe(0.06)) o.port = r.pick([0, null]);
  if (mode === 'port' && maybe(0.06)) {
    o.port = r.pick([
      '0',
      -1,
      70000,
      'x',
      1.5,
      null,
      { $: 'undefined' },
      { $: 'taken' },
      false
    ]);
  }
  if (maybe(0.03)) o.noServer = r.pick([true, false, 1]);
  if (r.chance(0.3)) s.callback = true;

  if (mode !== 'port' && maybe(0.4)) {
    s.http = r.pick([
      { maxHeaderSize: 300 },
      { insecureHTTPParser: true },
      { joinDuplicateHeaders: true },
      { requireHostHeader: false },
      { keepAlive: true },
      { noDelay: false },
      { keepAliveTimeout: 20 },
      { highWaterMark: 16 },
      { pauseOnConnect: true },
      { allowHalfOpen: true },
      { uniqueHeaders: ['x-a'] },
      { shouldUpgradeCallback: { $: 'should', arg: r.pick([true, false]) } },
      { rejectNonStandardBodyWrites: true }
    ]);
  }
  if (mode !== 'port' && maybe(0.15)) {
    s.httpFields = r.pick([
      { maxHeadersCount: 3 },
      { maxConnections: 1 },
      { timeout: 30 },
      { maxRequestsPerSocket: 1 },
      { maxHeadersCount: 0 }
    ]);
  }
  if (maybe(0.3)) {
    s.watch = Array.from({ length: r.int(1, 3) }, () =>
      r.pick([
        'connection',
        'request',
        'upgrade',
        'clientError',
        'checkContinue',
        'checkExpectation',
        'connect',
        'close',
        'listening',
        'error',
        'secureConnection',
        'dropRequest'
      ])
    );
  }
  if (mode !== 'port' && r.chance(0.4)) {
    s.onRequest = r.pick(['answer', 'answer', 'never', 'destroy', 'later']);
  }
  if (maybe(0.35)) {
    s.headers = r.pick([
      'push',
      'push',
      'replace',
      'empty',
      'throw',
      'status',
      'pop',
      'crlf',
      'async',
      'destroys',
      'closes',
      'number',
      'log'
    ]);
  }
  if (maybe(0.35)) {
    s.wsClientError = r.pick([
      'log',
      'destroy',
      'end',
      'answer',
      'throw',
      'write',
      'later'
    ]);
  }
  if (maybe(0.3)) {
    s.override = Array.from(
      {
        length: r.weigh([
          [4, 1],
          [1, 2]
        ])
      },
      () =>
        r.pick([
          'shouldHandle true',
          'shouldHandle false',
          'shouldHandle throw',
          'shouldHandle promise',
          'shouldHandle url',
          'handleUpgrade log',
          'handleUpgrade skip',
          'handleUpgrade twice',
          'completeUpgrade log',
          'completeUpgrade args',
          'completeUpgrade skip',
          'emit log',
          'handleUpgrade later',
          'handleUpgrade head',
          'handleUpgrade other'
        ])
    );
  }
  if (maybe(0.2)) {
    s.extra = r.pick([
      'second wss',
      'second wss same path',
      'upgrade listener',
      'upgrade listener before',
      'third',
      'upgrade listener destroys'
    ]);
  }
  if (maybe(0.12)) s.without = [r.pick(['connection', 'wss error'])];

  if (r.chance(0.6)) {
    s.connection = Array.from(
      {
        length: r.weigh([
          [4, 1],
          [2, 2]
        ])
      },
      () =>
        r.pick([
          'send',
          'send',
          'send',
          'close',
          'close(1001)',
          'terminate',
          'throw',
          'socket.destroy',
          'socket.end',
          'pause',
          'ping',
          'later send',
          'later close',
          'look',
          'look',
          'look deep',
          'wss.close',
          'req read',
          'tick send',
          'cork',
          'onclose',
          'raw',
          'setTimeout',
          'send many',
          'nothing'
        ])
    );
  }
  if (r.chance(0.5)) {
    s.message = r.pick(['echo', 'echo', 'close', 'terminate', 'look']);
  }
  if (r.chance(0.3)) {
    s.timeline = Array.from(
      {
        length: r.weigh([
          [4, 1],
          [1, 2]
        ])
      },
      () => ({
        at: r.pick([
          'made',
          'listening',
          'connected',
          'written',
          'connection',
          'upgrade',
          'half',
          'ms',
          'close'
        ]),
        do: r.pick([
          'wss.close',
          'wss.close',
          'wss.close',
          'server.close',
          'server.closeAllConnections',
          'server.closeIdleConnections',
          'wss.close twice',
          'terminate all',
          'close all',
          'address',
          'clients',
          'wss.removeAll',
          'server.removeAll',
          'ref',
          'handleUpgrade again'
        ])
      })
    );
  }

  for (
    let n = r.weigh([
      [6, 1],
      [2, 2],
      [1, 3]
    ]);
    n > 0;
    n--
  ) {
    s.clients.push(clientOf(r, s));
  }
  return s;
}

function clientOf(r, s) {
  const oddness = r.pick([0.1, 0.4, 1]);
  const c = { requests: [requestOf(r, s, oddness)] };
  if (r.chance(0.15 * oddness)) c.requests.push(requestOf(r, s, oddness));
  if (r.chance(0.1)) {
    c.requests.unshift({
      method: r.pick(['GET', 'GET', 'POST', 'HEAD']),
      target: '/page',
      headers: ['Host: h', ...(r.chance(0.3) ? ['Content-Length: 2'] : [])],
      ...(r.chance(0.3) ? { body: 'ab' } : {})
    });
  }
  if (r.chance(0.6)) {
    c.frames = Array.from({ length: r.int(1, 3) }, () => r.pick(FRAMES));
  }
  c.split = r.weigh([
    [6, []],
    [1, 'bytes'],
    [3, Array.from({ length: r.int(1, 3) }, () => r.int(1, 330))]
  ]);
  if (r.chance(0.25)) c.gap = r.pick(['turn', 'ms', 'answer']);
  if (r.chance(0.07)) c.wait = r.pick([3, 20]);
  if (r.chance(0.08)) c.cut = r.int(0, 330);
  c.end = r.weigh([
    [6, 'none'],
    [2, 'fin'],
    [1, 'rst'],
    [2, 'fin now'],
    [0.5, 'destroy now'],
    [0.5, 'rst now']
  ]);
  return c;
}

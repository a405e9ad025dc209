// Makes random clients and what a server answers them; plain data, of a seed.
// What JSON cannot say is { $: name }, which client-values.mjs makes.
import { rng } from '../random.mjs';
import { answerOf } from './client-answers.mjs';
import { $, optionsOf } from './client-options.mjs';

const TOKENS = ['chat', 'a', 'b', 'super.chat', 'x-y!', 'foo'];

export function clientScenario(seed) {
  const r = rng(seed * 2654435761 + 17);
  const topology = r.weigh([
    [7, 'tcp'],
    [2, 'tls'],
    [1, 'unix']
  ]);
  const options = optionsOf(r, topology);
  const protocols = protocolsOf(r);
  const scenario = {
    kind: 'client',
    seed,
    topology,
    address: addressOf(r, topology),
    options,
    answers: [],
    listeners: {}
  };

  if (protocols !== undefined) scenario.protocols = protocols;
  const many = options.followRedirects === true ? r.int(1, 4) : r.int(1, 2);
  for (let i = 0; i < many; i++) {
    scenario.answers.push(answerOf(r, scenario, i === many - 1));
  }
  for (
    let n = r.weigh([
      [4, 0],
      [3, 1],
      [2, 2],
      [1, 3]
    ]);
    n > 0;
    n--
  ) {
    const event = r.pick([
      'open',
      'upgrade',
      'unexpected-response',
      'redirect',
      'error',
      'close',
      'message',
      'upgrade',
      'unexpected-response',
      'redirect'
    ]);
    scenario.listeners[event] = actionsOf(r, event);
  }
  if (r.chance(0.1)) {
    scenario.without = [r.pick(['error', 'error', 'close', 'upgrade'])];
  }
  if (r.chance(0.25)) {
    scenario.timeline = [
      {
        at: r.pick([
          'sync',
          'tick',
          'immediate',
          'request',
          'answered',
          'socket',
          'ms'
        ]),
        do: r.pick([
          'close',
          'close',
          'terminate',
          'terminate',
          'send',
          'ping',
          'pause',
          'req.destroy',
          'req.destroy(err)',
          'removeAll',
          'socket.destroy',
          'close(4000)',
          'pong',
          'pause',
          'set onmessage',
          'addEventListener'
        ])
      }
    ];
  }
  if (r.chance(0.12)) scenario.again = r.int(1, 2);
  if (r.chance(0.15)) scenario.watch = true;
  return scenario;
}

function addressOf(r, topology) {
  const scheme = {
    tcp: r.pick(['ws', 'ws', 'ws', 'http', 'WS']),
    tls: r.pick(['wss', 'wss', 'https']),
    unix: 'ws+unix'
  }[topology];
  const host = r.weigh([
    [8, '127.0.0.1'],
    [3, 'localhost'],
    [0.5, '[::1]'],
    [0.3, '0177.0.0.1'],
    [0.3, 'LOCALHOST']
  ]);
  const user = r.weigh([
    [10, ''],
    [1, 'me:secret@'],
    [0.5, 'me@'],
    [0.5, ':pw@'],
    [0.5, 'a%20b:c%3Ad@'],
    [0.5, '%zz:%@'],
    [0.3, '%C3%A9:x@']
  ]);
  const path = r.weigh([
    [4, ''],
    [4, '/'],
    [3, '/path'],
    [2, '/p?a=b'],
    [1, '?q'],
    [1, '/%20x/é'],
    [0.5, '/a/../b'],
    [0.4, '/x#frag'],
    [0.4, '/x#'],
    [0.4, '/a:b:c'],
    [0.5, `/${'x'.repeat(300)}`]
  ]);
  const text =
    topology === 'unix'
      ? r.pick([
          'ws+unix:{sock}:/path',
          'ws+unix:{sock}',
          'ws+unix:{sock}:/p?a:b',
          'ws+unix:///{sock}:/x',
          'ws+unix://{sock}:/x',
          'ws+unix:{sock}:',
          'ws+unix:{sock}:path',
          'ws+unix:',
          'ws+unix:{sock}?x:/y'
        ])
      : `${scheme}://${user}${host}:{${topology}}${path}`;
  const odd = r.chance(0.03)
    ? r.pick([
        '',
        'x',
        'ftp://h/',
        'ws:',
        'ws://',
        '//h/',
        'ws://h:99999',
        'ws://127.0.0.1:{closed}/',
        'ws://no.such.host.invalid/',
        'file:///x',
        'wss+unix:/x',
        'ws://[::1/',
        ' ws://127.0.0.1:{tcp}/ ',
        'ws:127.0.0.1:{tcp}',
        'ws://127.0.0.1:{tls}/',
        'wss://127.0.0.1:{tcp}/'
      ])
    : text;
  return {
    form: r.weigh([
      [8, 'string'],
      [2, 'URL'],
      [0.3, 'toString'],
      [0.3, 'String'],
      [0.05, 'undefined'],
      [0.05, 'object']
    ]),
    text: odd
  };
}

function protocolsOf(r) {
  return r.weigh([
    [8, undefined],
    [2, r.pick(TOKENS)],
    [4, [r.pick(TOKENS)]],
    [3, ['a', 'b', 'chat']],
    [0.3, []],
    [0.2, ['a', 'a']],
    [0.1, ['a', 'A']],
    [0.2, ['']],
    [0.1, ''],
    [0.2, 'a b'],
    [0.1, ['a,b']],
    [0.1, null],
    [0.1, 5],
    [0.1, [1]],
    [0.1, [null]],
    [0.1, $('sparse')],
    [0.1, $('symbol')],
    [0.1, true],
    [0.1, $('function')]
  ]);
}

function actionsOf(r, event) {
  const common = [
    'close',
    'terminate',
    ...(['message', 'redirect'].includes(event) ? [] : ['throw']),
    'removeAll',
    'close(1001)',
    'send',
    'ping',
    'remove error',
    'nothing',
    'later close',
    'later terminate',
    'remove close'
  ];
  const own = {
    upgrade: [
      'res.socket.destroy',
      'res.destroy',
      'req.destroy',
      'req.abort',
      'res.on(data)'
    ],
    'unexpected-response': [
      'read',
      'read',
      'res.destroy',
      'req.destroy',
      'req.abort',
      'res.resume',
      'read then close',
      'req.destroy(err)',
      'res.socket.destroy',
      'res.socket.end'
    ],
    redirect: [
      'req.destroy',
      'req.destroy(err)',
      'setHeader',
      'removeHeader',
      'req.on',
      'req.end',
      'drop redirect'
    ],
    message: ['pause', 'socket.destroy'],
    open: [
      'pause',
      'socket.destroy',
      'socket.end',
      'send',
      'send big',
      'close(1001)'
    ],
    error: [],
    close: []
  }[event];
  return Array.from(
    {
      length: r.weigh([
        [5, 1],
        [1, 2]
      ])
    },
    () => r.pick([...common, ...own, ...own])
  );
}

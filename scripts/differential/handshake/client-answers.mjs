// Random answers to the handshake of a client, good and bad.

/** Frames that stand behind a 101, in hex. */
const FRAMES = [
  '81026869', // hi
  '8100',
  '820401020304',
  '8900',
  '8a00',
  '01016880016980',
  '880203e8',
  '8800',
  '88050bb8627965',
  '8f00',
  '8103c3286a', // not UTF-8
  '8182000000006869', // masked
  '81',
  '817e',
  `817e0100${'61'.repeat(256)}`
];

/**
 * @param {Object} r Random numbers
 * @param {Object} scenario The client that is answered
 * @param {Boolean} isLast Whether nothing is to follow
 * @return {Object} An answer, as client-run.mjs gives it
 */
export function answerOf(r, scenario, isLast) {
  const { options } = scenario;
  const follows = options.followRedirects;
  const a = {};

  if (r.chance(0.1)) {
    a.before = Array.from({ length: r.int(1, 3) }, () =>
      r.pick([
        'HTTP/1.1 100 Continue',
        'HTTP/1.1 103 Early Hints\r\nLink: </x>',
        'HTTP/1.1 102 Processing',
        'HTTP/1.1 199 Odd\r\nA: b',
        'HTTP/1.1 100 '
      ])
    );
  }
  a.status =
    follows && !isLast && r.chance(0.85)
      ? r.pick([
          'HTTP/1.1 301 Moved Permanently',
          'HTTP/1.1 302 Found',
          'HTTP/1.1 303 See Other',
          'HTTP/1.1 307 T',
          'HTTP/1.1 308 P',
          'HTTP/1.1 300 M',
          'HTTP/1.1 304 Not Modified',
          'HTTP/1.1 399 x'
        ])
      : r.weigh([
          [14, 'HTTP/1.1 101 Switching Protocols'],
          [0.5, 'HTTP/1.1 101'],
          [0.5, 'HTTP/1.0 101 x'],
          [0.3, 'HTTP/1.1 101 \xe9'],
          [1, 'HTTP/1.1 200 OK'],
          [0.7, 'HTTP/1.1 204 No Content'],
          [1, 'HTTP/1.1 302 Found'],
          [0.5, 'HTTP/1.1 304 Not Modified'],
          [1, 'HTTP/1.1 401 Unauthorized'],
          [0.7, 'HTTP/1.1 426 Upgrade Required'],
          [1, 'HTTP/1.1 500 Oops'],
          [0.4, 'HTTP/1.0 404 Not Found'],
          [0.2, 'HTTP/1.1 999 X'],
          [0.2, 'HTTP/2.0 200 OK'],
          [0.2, 'ICY 200 OK'],
          [0.2, 'garbage'],
          [0.2, 'HTTP/1.1 abc X'],
          [0.2, 'HTTP/1.1 99 X'],
          [0.2, 'HTTP/1.1 1000 X'],
          [0.2, '']
        ]);
  a.headers = [];
  const upgrades = a.status.includes(' 101');
  const name = (text) =>
    r.weigh([
      [12, text],
      [1, text.toLowerCase()],
      [1, text.toUpperCase()]
    ]);
  const put = (n, v) =>
    a.headers.push(
      `${name(n)}${r.weigh([
        [12, ': '],
        [1, ':'],
        [0.5, ':  \t'],
        [0.1, ' : ']
      ])}${v}`
    );

  if (upgrades ? !r.chance(0.06) : r.chance(0.15)) {
    put(
      'Upgrade',
      r.weigh([
        [12, 'websocket'],
        [1, 'WebSocket'],
        [0.5, 'websocket, h2c'],
        [0.5, 'h2c'],
        [0.3, ''],
        [0.3, ' websocket ']
      ])
    );
  }
  if (upgrades ? !r.chance(0.06) : r.chance(0.3)) {
    put(
      'Connection',
      r.weigh([
        [12, 'Upgrade'],
        [2, 'upgrade'],
        [1, 'keep-alive, Upgrade'],
        [0.6, 'close'],
        [0.6, 'keep-alive'],
        [0.2, '']
      ])
    );
  }
  if (upgrades ? !r.chance(0.05) : r.chance(0.05)) {
    const accept = r.weigh([
      [14, '{accept}'],
      [0.5, '{accept} '],
      [0.5, 'x{accept}'],
      [0.5, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA='],
      [0.3, ''],
      [0.3, '{ACCEPT}']
    ]);
    put('Sec-WebSocket-Accept', accept);
    if (r.chance(0.04)) put('Sec-WebSocket-Accept', accept);
  }
  const asked = [scenario.protocols ?? scenario.options.protocols]
    .flat()
    .filter((x) => typeof x === 'string');
  if (asked.length > 0 ? r.chance(0.85) : r.chance(0.06)) {
    put(
      'Sec-WebSocket-Protocol',
      r.weigh([
        [10, asked[0] ?? 'chat'],
        [2, asked.at(-1) ?? 'x'],
        [1, 'wrong'],
        [1, asked.join(', ') || 'a, b'],
        [0.5, ''],
        [0.5, (asked[0] ?? 'x').toUpperCase()]
      ])
    );
    if (r.chance(0.05)) put('Sec-WebSocket-Protocol', asked[0] ?? 'x');
  }
  if (r.chance(0.35)) {
    put(
      'Sec-WebSocket-Extensions',
      r.weigh([
        [8, 'permessage-deflate'],
        [1, 'permessage-deflate; server_no_context_takeover'],
        [
          1,
          'permessage-deflate; client_no_context_takeover; server_no_context_takeover'
        ],
        [
          1,
          `permessage-deflate; server_max_window_bits=${r.pick([7, 8, 9, 10, 15, 16, '', 'x', '"12"', '010'])}`
        ],
        [
          1,
          `permessage-deflate; client_max_window_bits${r.pick(['', '=8', '=9', '=15', '=16', '="10"', '=', '=1 1'])}`
        ],
        [0.5, 'permessage-foo'],
        [0.5, 'permessage-deflate, permessage-deflate'],
        [0.5, 'permessage-deflate, x'],
        [0.3, 'x, permessage-deflate'],
        [0.5, ''],
        [0.5, ';'],
        [0.5, 'permessage-deflate; foo=bar'],
        [0.5, 'permessage-deflate; client_no_context_takeover=1'],
        [
          0.3,
          'permessage-deflate; client_no_context_takeover; client_no_context_takeover'
        ],
        [0.3, 'Permessage-Deflate'],
        [0.3, 'permessage-deflate;'],
        [0.2, '__proto__'],
        [0.2, 'permessage-deflate; __proto__=1']
      ])
    );
    if (r.chance(0.05)) {
      put('Sec-WebSocket-Extensions', r.pick(['permessage-deflate', 'x']));
    }
  }
  if (/ 3\d\d /.test(a.status) && r.chance(0.93)) {
    put(
      'Location',
      r.weigh([
        [3, '/next'],
        [3, 'ws://127.0.0.1:{tcp}/a'],
        [2, 'ws://localhost:{tcp}/b'],
        [2, 'ws://127.0.0.1:{tcp2}/c?d=e'],
        [2, 'http://127.0.0.1:{tcp}/http'],
        [2, 'wss://127.0.0.1:{tls}/s'],
        [1, 'https://localhost:{tls}/s'],
        [1, 'ws+unix:{sock}:/u'],
        [1, '//127.0.0.1:{tcp2}/rel'],
        [1, 'ws://x:y@127.0.0.1:{tcp}/auth'],
        [1, 'ws://x:y@localhost:{tcp}/auth'],
        [0.5, '?q=1'],
        [0.5, 'a/b'],
        [0.5, ''],
        [0.5, 'ftp://h/'],
        [0.5, 'http://'],
        [0.5, 'ws://h:99999/'],
        [0.5, '#x'],
        [0.5, 'ws://127.0.0.1:{tcp}/#y'],
        [0.5, 'ws://127.0.0.1:{closed}/'],
        [0.4, '/\xe9'],
        [0.4, ' /trim '],
        [0.3, 'ws+unix:'],
        [0.3, 'ws+unix:{sock}'],
        [0.3, 'mailto:a@b'],
        [0.3, 'ws:/127.0.0.1:{tcp}/one']
      ])
    );
    if (r.chance(0.05)) put('Location', '/second');
  }
  if (upgrades && r.chance(0.5)) {
    a.status = 'HTTP/1.1 101 Switching Protocols';
    a.headers = [
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Accept: {accept}'
    ];
    if (asked.length > 0) {
      a.headers.push(`Sec-WebSocket-Protocol: ${r.pick(asked)}`);
    }
    if (options.perMessageDeflate !== false && r.chance(0.4)) {
      a.headers.push('Sec-WebSocket-Extensions: permessage-deflate');
    }
  }
  if (r.chance(0.06)) {
    a.headers.push(
      r.pick([
        'X-A: b',
        'X-A: b\r\n folded',
        'bad header',
        ': x',
        'A B: c',
        `Big: ${'x'.repeat(r.pick([1000, 9000, 17000, 70000]))}`,
        'Set-Cookie: a=b\r\nSet-Cookie: c=d',
        'X: \x01',
        'Bin: \xff\xfe',
        'X-A: b\nX-B: c',
        'X-A: b\rX-B: c'
      ])
    );
  }
  if (r.chance(0.02)) for (let i = 0; i < 2100; i++) a.headers.push(`H${i}: 1`);
  if (r.chance(0.05)) a.headers.sort(() => r.next() - 0.5);

  if (!upgrades) {
    const body = r.weigh([
      [5, 'length'],
      [2, 'chunked'],
      [1, 'none'],
      [1, 'short'],
      [0.5, 'long'],
      [0.3, 'badchunk'],
      [0.3, 'twolengths']
    ]);
    if (body === 'length') {
      (Object.assign(a, { body: 'hello' }),
        a.headers.push('Content-Length: 5'));
    }
    if (body === 'chunked') {
      (Object.assign(a, { body: '5\r\nhello\r\n0\r\n\r\n' }),
        a.headers.push('Transfer-Encoding: chunked'));
    }
    if (body === 'badchunk') {
      (Object.assign(a, { body: 'zz\r\n' }),
        a.headers.push('Transfer-Encoding: chunked'));
    }
    if (body === 'short') {
      (Object.assign(a, { body: 'hel' }), a.headers.push('Content-Length: 5'));
    }
    if (body === 'long') {
      (Object.assign(a, { body: 'hello world' }),
        a.headers.push('Content-Length: 5'));
    }
    if (body === 'twolengths') {
      (Object.assign(a, { body: 'hello' }),
        a.headers.push('Content-Length: 5', 'Content-Length: 6'));
    }
  } else {
    if (r.chance(0.04)) a.headers.push('Content-Length: 5');
    if (r.chance(0.02)) a.headers.push('Transfer-Encoding: chunked');
    if (r.chance(0.5)) {
      a.frames = Array.from({ length: r.int(1, 3) }, () => r.pick(FRAMES));
    }
    if (a.frames && r.chance(0.3)) a.gap = true;
  }
  if (r.chance(0.02)) a.eol = r.pick(['\n', '\r']);
  a.split = r.weigh([
    [6, []],
    [1, 'bytes'],
    [2, Array.from({ length: r.int(1, 3) }, () => r.int(1, 250))]
  ]);
  if (r.chance(0.1)) a.cut = r.int(0, 260);
  a.end = r.weigh([
    [5, 'none'],
    [3, 'fin'],
    [1, 'rst'],
    [1, 'close'],
    [1, 'fin now']
  ]);
  if (r.chance(0.06)) a.wait = r.pick([5, 60]);
  if (r.chance(0.03)) a.silent = true;
  if (a.cut !== undefined && a.end === 'none' && r.chance(0.8)) {
    a.end = r.pick(['fin', 'rst']);
  }
  return a;
}

// Random requests to be upgraded, good and bad.

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/**
 * @param {Object} r Random numbers
 * @param {Object} s The server that is asked
 * @param {Number} oddness From 0 to 1, how much is to be wrong
 * @return {Object} A request, as server-run.mjs sends it
 */
export function requestOf(r, s, oddness) {
  const maybe = (p) => r.chance(p * oddness);
  const q = {
    target: r.weigh([
      [5, '/'],
      [4, '/chat'],
      [1, '/chat?x=/y'],
      [1, s.options?.path || '/']
    ]),
    headers: []
  };
  if (maybe(0.12)) {
    q.method = r.pick([
      'POST',
      'PUT',
      'HEAD',
      'OPTIONS',
      'CONNECT',
      'get',
      'DELETE',
      'PATCH',
      'PRI',
      'TRACE',
      'QUERY',
      'Foo',
      ''
    ]);
  }
  if (maybe(0.1)) {
    q.version = r.pick([
      'HTTP/1.0',
      'HTTP/1.2',
      'HTTP/2.0',
      'http/1.1',
      'HTTP/0.9',
      'HTTP/1.1 ',
      '',
      'HTTP/11'
    ]);
  }
  if (maybe(0.15)) {
    q.target = r.pick([
      'http://h/chat',
      'ws://h/chat',
      'http://h',
      '*',
      '',
      'chat',
      '//chat',
      '/chat?',
      '/chat?a?b',
      '/%zz',
      '/\xe9',
      '/a b',
      '/chat#f',
      '/\x01',
      'h:80',
      `/${'y'.repeat(9000)}`,
      '/ch\tat',
      '/chat/',
      '/CHAT'
    ]);
  }
  const name = (text) =>
    maybe(0.15) ? r.pick([text.toLowerCase(), text.toUpperCase()]) : text;
  const put = (n, v) =>
    q.headers.push(
      `${name(n)}${maybe(0.1) ? r.pick([':', ':\t', ':   ', ' : ']) : ': '}${v}${maybe(0.05) ? r.pick([' ', '\t ']) : ''}`
    );

  if (!maybe(0.06)) {
    put('Host', maybe(0.1) ? r.pick(['', 'a b', 'x:1', '[::1]:5']) : 'h');
  }
  if (maybe(0.04)) put('Host', 'second');
  if (!maybe(0.06)) {
    put(
      'Upgrade',
      maybe(0.15)
        ? r.pick([
            'WebSocket',
            'h2c',
            'websocket, h2c',
            '',
            'websocket,',
            'h2c, websocket',
            'websocket/13',
            '"websocket"'
          ])
        : 'websocket'
    );
  }
  if (maybe(0.04)) put('Upgrade', r.pick(['websocket', 'h2c']));
  if (!maybe(0.06)) {
    put(
      'Connection',
      maybe(0.2)
        ? r.pick([
            'upgrade',
            'keep-alive, Upgrade',
            'close',
            'keep-alive',
            'Upgrade, close',
            'Upgrade,',
            '',
            'close, Upgrade',
            'Upgrade, HTTP2-Settings',
            'xUpgrade',
            'upgrade x'
          ])
        : 'Upgrade'
    );
  }
  if (maybe(0.04)) {
    put('Connection', r.pick(['Upgrade', 'keep-alive', 'close']));
  }
  if (!maybe(0.05)) {
    put(
      'Sec-WebSocket-Key',
      maybe(0.15)
        ? r.pick([
            '',
            'x',
            'AAAAAAAAAAAAAAAAAAAAAA==',
            'AAAAAAAAAAAAAAAAAAAAA===',
            `${KEY}=`,
            `"${KEY}"`,
            'dGhlIHNhbXBsZSBub25jZQ=\xe9',
            'AAAAAAAAAAAAAAAAAAAAAAAA',
            '++++++++++++++++//////=='
          ])
        : KEY
    );
  }
  if (maybe(0.04)) {
    put('Sec-WebSocket-Key', r.pick([KEY, 'AAAAAAAAAAAAAAAAAAAAAA==']));
  }
  if (!maybe(0.05)) {
    put(
      'Sec-WebSocket-Version',
      maybe(0.2)
        ? r.pick([
            '8',
            '8',
            '7',
            '14',
            '',
            '13, 8',
            '013',
            '13.0',
            '0xd',
            '1e1',
            '+13',
            ' 13',
            '13;',
            '0b1101',
            '8.0'
          ])
        : '13'
    );
  }
  if (maybe(0.05)) put('Sec-WebSocket-Version', r.pick(['13', '8']));
  if (r.chance(0.3)) {
    put(
      'Sec-WebSocket-Protocol',
      r.weigh([
        [4, 'chat'],
        [4, 'a, b,c'],
        [1, ''],
        [1, 'a,,b'],
        [1, 'a, a'],
        [1, 'a b'],
        [1, ', a'],
        [1, 'a,'],
        [0.5, '"a"'],
        [0.5, 'a\tb'],
        [0.5, 'a , b'],
        [0.5, '__proto__'],
        [0.5, `${'p'.repeat(500)}`],
        [0.5, 'a;b'],
        [0.5, ' ']
      ])
    );
  }
  if (maybe(0.06)) {
    put('Sec-WebSocket-Protocol', r.pick(['x', 'chat', 'a', '']));
  }
  if (r.chance(0.4)) {
    put(
      'Sec-WebSocket-Extensions',
      r.weigh([
        [4, 'permessage-deflate'],
        [4, 'permessage-deflate; client_max_window_bits'],
        [1, 'permessage-deflate; server_max_window_bits=10'],
        [
          1,
          'permessage-deflate; server_max_window_bits=8; client_max_window_bits=9'
        ],
        [
          1,
          'permessage-deflate; server_no_context_takeover; client_no_context_takeover'
        ],
        [
          1,
          'permessage-deflate; client_max_window_bits=16, permessage-deflate'
        ],
        [1, 'permessage-deflate; foo, permessage-deflate'],
        [1, 'x-webkit-deflate-frame'],
        [1, 'x, permessage-deflate'],
        [1, ''],
        [1, ';'],
        [1, 'permessage-deflate; client_max_window_bits="10"'],
        [1, 'permessage-deflate; server_max_window_bits'],
        [1, 'permessage-deflate;server_no_context_takeover=1'],
        [0.5, 'Permessage-Deflate'],
        [
          0.5,
          'permessage-deflate; client_max_window_bits; client_max_window_bits'
        ],
        [0.5, '__proto__; a'],
        [0.5, 'permessage-deflate ;  client_max_window_bits\t'],
        [
          0.5,
          'permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=15'
        ],
        [0.5, 'permessage-deflate; a=\xe9'],
        [0.5, 'foo; bar="b\\az"']
      ])
    );
  }
  if (maybe(0.06)) {
    put('Sec-WebSocket-Extensions', r.pick(['permessage-deflate', 'x', ';']));
  }
  if (r.chance(0.2)) put('Origin', r.pick(['http://o', 'null', '']));
  if (maybe(0.1)) put('Sec-WebSocket-Origin', 'http://old');
  if (maybe(0.07)) {
    put('Expect', r.pick(['100-continue', '100-Continue', 'foo', '']));
  }
  if (maybe(0.07)) {
    const body = r.pick([
      'length',
      'zero',
      'chunked',
      'missing',
      'both',
      'bad'
    ]);
    if (body === 'length') (put('Content-Length', '3'), (q.body = 'abc'));
    if (body === 'zero') put('Content-Length', '0');
    if (body === 'chunked') {
      (put('Transfer-Encoding', 'chunked'), (q.body = '3\r\nabc\r\n0\r\n\r\n'));
    }
    if (body === 'missing') put('Content-Length', '5');
    if (body === 'both') {
      (put('Content-Length', '3'),
        put('Transfer-Encoding', 'chunked'),
        (q.body = '0\r\n\r\n'));
    }
    if (body === 'bad') put('Content-Length', r.pick(['x', '-1', '3, 3', '']));
  }
  if (maybe(0.12)) {
    q.headers.push(
      r.pick([
        'X-A: b',
        'X: \xe9\xff',
        'X: \x01',
        'X: a\x7f',
        'bad header',
        ': x',
        'A B: c',
        'X-A: b\r\n folded',
        'Cookie: a=b',
        'X-\xe9: 1',
        'X: \t',
        `Big: ${'x'.repeat(r.pick([200, 8000, 17000]))}`,
        'X-A: b\nX-B: c',
        'X\x00: b',
        'X: a\x00b',
        'HTTP2-Settings: AAA',
        'Proxy-Connection: Upgrade',
        'Trailer: x',
        'TE: trailers',
        'Keep-Alive: timeout=5',
        'X-A: b\rX-B: c',
        '__proto__: x',
        'constructor: y',
        'Content-Type: a',
        'User-Agent: u\r\nUser-Agent: v',
        'X-Forwarded-For: 1\r\nX-Forwarded-For: 2',
        'Set-Cookie: a\r\nSet-Cookie: b'
      ])
    );
  }
  if (maybe(0.03)) {
    for (let i = 0; i < r.pick([70, 2100]); i++) q.headers.push(`H${i}: 1`);
  }
  if (maybe(0.08)) q.headers.sort(() => r.next() - 0.5);
  if (maybe(0.03)) q.eol = r.pick(['\n', '\r']);
  if (maybe(0.02)) q.blank = true;
  return q;
}

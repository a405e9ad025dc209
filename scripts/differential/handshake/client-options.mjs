// Random options of a client.

/** What JSON cannot say; client-values.mjs makes it. */
export const $ = (name, arg) =>
  arg === undefined ? { $: name } : { $: name, arg };

/** @return {Object} The options of a client */
export function optionsOf(r, topology) {
  const o = {};
  const oddness = r.pick([0.2, 0.5, 1]);
  const maybe = (p, name, value) => {
    if (r.chance(p * oddness)) o[name] = value();
  };

  if (topology === 'tls') {
    const ca = r.weigh([
      [5, 'insecure'],
      [3, 'ca'],
      [1, 'none']
    ]);
    if (ca === 'insecure') o.rejectUnauthorized = false;
    if (ca === 'ca') o.ca = $('cert');
    maybe(0.2, 'servername', () =>
      r.pick(['localhost', 'other.example', '', null, 0, 'x y'])
    );
    maybe(0.1, 'checkServerIdentity', () =>
      $('checkServerIdentity', r.pick(['ok', 'fail']))
    );
    maybe(0.05, 'ALPNProtocols', () => r.pick([['http/1.1'], ['h2']]));
    maybe(0.05, 'minVersion', () => r.pick(['TLSv1.2', 'TLSv1.3', 'x']));
    maybe(0.05, 'ciphers', () => 'none');
  }
  maybe(0.3, 'followRedirects', () =>
    r.weigh([
      [10, true],
      [1, 1],
      [1, 'no']
    ])
  );
  maybe(0.1, 'maxRedirects', () => r.pick([0, 1, 2, -1, '2', null]));
  maybe(0.15, 'handshakeTimeout', () =>
    r.weigh([
      [6, 40],
      [1, 0],
      [0.3, -1],
      [0.3, '40'],
      [0.3, $('NaN')],
      [0.3, null],
      [0.2, 2 ** 32]
    ])
  );
  maybe(0.12, 'headers', () => headersOf(r));
  maybe(0.12, 'auth', () => r.pick(['u:p', 'u', '', ':', 'ü:p', null]));
  maybe(0.12, 'origin', () =>
    r.weigh([
      [5, 'http://site.example'],
      [1, ''],
      [1, 5],
      [1, ['a', 'b']],
      [0.5, 'bad\n']
    ])
  );
  maybe(0.12, 'protocolVersion', () =>
    r.weigh([
      [4, 8],
      [4, 13],
      [1, 12],
      [1, '13'],
      [1, null],
      [1, $('undefined')]
    ])
  );
  maybe(0.3, 'perMessageDeflate', () => deflateOf(r));
  maybe(0.08, 'maxPayload', () => r.pick([0, 1, 100, -1, '5', $('undefined')]));
  maybe(0.08, 'skipUTF8Validation', () => r.pick([true, false]));
  maybe(0.08, 'allowSynchronousEvents', () => r.pick([false, true]));
  maybe(0.08, 'autoPong', () => r.pick([false, true, $('undefined'), 0]));
  maybe(0.03, 'maxPendingAutoPongs', () => r.pick([0, 1, $('NaN')]));
  maybe(0.3, 'closeTimeout', () => 30);
  maybe(0.14, 'agent', () =>
    $(
      'agent',
      r.pick([
        'keep',
        'keep',
        'plain',
        'one',
        'false',
        'wrong',
        'other',
        'null',
        'throws',
        'undefinedSocket',
        'callback',
        'error',
        'object'
      ])
    )
  );
  maybe(0.1, 'createConnection', () =>
    $(
      'createConnection',
      r.pick([
        'plain',
        'plain',
        'duplex',
        'throw',
        'error',
        'later',
        'undefined',
        'dead',
        'string',
        'null'
      ])
    )
  );
  maybe(0.14, 'finishRequest', () =>
    $(
      'finishRequest',
      r.pick([
        'end',
        'watch',
        'watch',
        'never',
        'later',
        'destroy',
        'destroy(err)',
        'throw',
        'header',
        'body',
        'close',
        'terminate',
        'string',
        'flush',
        'removeListeners',
        'twice'
      ])
    )
  );
  maybe(0.06, 'lookup', () =>
    $('lookup', r.pick(['ok', 'error', 'later', 'throw', 'bad', 'string']))
  );
  maybe(0.05, 'family', () => r.pick([4, 6, 0, 5]));
  maybe(0.05, 'localAddress', () => r.pick(['127.0.0.1', '203.0.113.1', 'x']));
  maybe(0.03, 'localPort', () => r.pick([0, -1, 'x']));
  maybe(0.06, 'signal', () =>
    $('signal', r.pick(['aborted', 'later', 'never', 'wrong']))
  );
  maybe(0.05, 'generateMask', () => $('generateMask', 'zeros'));
  maybe(
    0.02,
    r.pick([
      'host',
      'hostname',
      'port',
      'path',
      'socketPath',
      'method',
      'protocol',
      'timeout'
    ]),
    () => r.pick(['x', 1, 'POST', '/other', null])
  );
  maybe(0.03, 'defaultPort', () => r.pick([80, 443, 1, '{tcp}', '{tls}']));
  maybe(0.03, 'setHost', () => r.pick([false, true]));
  maybe(0.03, 'insecureHTTPParser', () => r.pick([true, false, 'x']));
  maybe(0.03, 'maxHeaderSize', () => r.pick([100, 1000, 20000]));
  maybe(0.02, 'joinDuplicateHeaders', () => true);
  maybe(0.02, 'uniqueHeaders', () => ['x-a']);
  maybe(0.02, 'protocols', () =>
    r.pick([['a'], 'b', [], $('undefined'), 'a b'])
  );
  maybe(0.02, 'unknownOption', () => 'x');
  maybe(0.02, 'highWaterMark', () => r.pick([1, 16, 100000]));
  maybe(0.02, 'noDelay', () => r.pick([true, false]));
  maybe(0.02, 'keepAlive', () => true);
  maybe(0.02, 'autoSelectFamily', () => r.pick([true, false]));
  return o;
}

function deflateOf(r) {
  if (r.chance(0.4)) {
    return r.pick([false, false, true, null, 0, 'x', {}, [], $('undefined')]);
  }
  const o = {};
  if (r.chance(0.3)) o.serverNoContextTakeover = r.pick([true, false, 1]);
  if (r.chance(0.3)) o.clientNoContextTakeover = r.pick([true, false]);
  if (r.chance(0.3)) {
    o.serverMaxWindowBits = r.pick([8, 9, 15, true, 7, '9', null]);
  }
  if (r.chance(0.3)) {
    o.clientMaxWindowBits = r.pick([8, 9, 15, true, false, 16, '10', null]);
  }
  if (r.chance(0.2)) o.threshold = r.pick([0, 1, 5000]);
  return o;
}

function headersOf(r) {
  const o = {};
  const names = [
    'Authorization',
    'authorization',
    'Cookie',
    'Host',
    'host',
    'X-A',
    'x-a',
    'Sec-WebSocket-Key',
    'sec-websocket-version',
    'Connection',
    'connection',
    'Upgrade',
    'Sec-WebSocket-Protocol',
    'sec-websocket-extensions',
    'Origin',
    'origin',
    'Content-Length',
    'Transfer-Encoding',
    'Expect',
    'Date',
    'bad name',
    'X-Üx',
    'Proxy-Authorization',
    'User-Agent'
  ];
  for (let n = r.int(0, 3); n > 0; n--) {
    const name = r.pick(names);
    o[name] = r.weigh([
      [6, name.toLowerCase() === 'content-length' ? '0' : 'value'],
      [2, 'Basic dTpw'],
      [1, ['a', 'b']],
      [0.5, 5],
      [0.3, ''],
      [0.3, $('undefined')],
      [0.2, null],
      [0.2, 'a\nb'],
      [0.2, '\u{1F600}'],
      [0.2, 'é']
    ]);
  }
  return r.weigh([
    [15, o],
    [0.5, null],
    [0.5, ['X-A', 'b']],
    [0.5, [['X-A', 'b']]],
    [0.5, 'str'],
    [0.3, $('undefined')]
  ]);
}

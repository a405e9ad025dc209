'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { PassThrough } = require('node:stream');
const { describe, it } = require('node:test');

const handshake = require('../../lib/handshake/server-handshake');
const PerMessageDeflate = require('../../lib/compression/permessage-deflate');
const { ACCEPT, KEY } = require('../support/raw-http');

function request(headers, method = 'GET') {
  return {
    headers: {
      upgrade: 'websocket',
      'sec-websocket-key': KEY,
      'sec-websocket-version': '13',
      ...headers
    },
    method,
    socket: {}
  };
}

function refusal(status, message, headers) {
  return (error) => {
    assert.ok(error instanceof handshake.HandshakeError);
    assert.strictEqual(error.message, message);
    assert.strictEqual(error.status, status);
    assert.deepStrictEqual(error.headers, headers);
    return true;
  };
}

describe('checkRequest', () => {
  it('accepts the opening handshake of version 13 and of version 8', () => {
    handshake.checkRequest(request());
    handshake.checkRequest(request({ 'sec-websocket-version': '8' }));
    handshake.checkRequest(request({ upgrade: 'WebSocket' }));
  });

  it('refuses every method but GET', () => {
    for (const method of ['POST', 'HEAD', 'OPTIONS', 'get']) {
      assert.throws(
        () => handshake.checkRequest(request({}, method)),
        refusal(405, 'Invalid HTTP method')
      );
    }
  });

  it('throws for what is no request, whatever its method is', () => {
    for (const headers of [undefined, null]) {
      assert.throws(
        () => handshake.checkRequest({ headers, method: 'POST' }),
        TypeError
      );
    }
    assert.throws(
      () => handshake.checkRequest(request({ upgrade: null })),
      TypeError
    );
    assert.throws(
      () => handshake.checkRequest(request({ 'sec-websocket-version': 13n })),
      TypeError
    );
  });

  it('refuses a missing Upgrade header and other protocols', () => {
    for (const upgrade of [undefined, '', 'h2c', 'websocket, h2c']) {
      assert.throws(
        () => handshake.checkRequest(request({ upgrade })),
        refusal(400, 'Invalid Upgrade header')
      );
    }
  });

  it('refuses a key that is not the base64 of 16 bytes', () => {
    const keys = [
      undefined,
      '',
      'dGhlIHNhbXBsZSBub25j',
      'dGhlIHNhbXBsZSBub25jZQ=',
      'dGhlIHNhbXBsZSBub25jZQ==\n',
      ' dGhlIHNhbXBsZSBub25jZQ==',
      'dGhlIHNhbXBsZSBub25jZ!==',
      'dGhlIHNhbXBsZSBub25jZTEyMw=='
    ];

    for (const key of keys) {
      assert.throws(
        () => handshake.checkRequest(request({ 'sec-websocket-key': key })),
        refusal(400, 'Missing or invalid Sec-WebSocket-Key header')
      );
    }
  });

  it('refuses other versions and says which ones would do', () => {
    for (const version of [undefined, '', '7', '12', '14', '13, 8', 'x']) {
      assert.throws(
        () =>
          handshake.checkRequest(request({ 'sec-websocket-version': version })),
        refusal(400, 'Missing or invalid Sec-WebSocket-Version header', {
          'Sec-WebSocket-Version': '13, 8'
        })
      );
    }
  });
});

describe('readProtocols', () => {
  it('gives an empty set if the client offers none', () => {
    assert.deepStrictEqual(handshake.readProtocols(request()), new Set());
  });

  it('gives the offered subprotocols in order', () => {
    const offer = request({ 'sec-websocket-protocol': 'b, a' });

    assert.deepStrictEqual([...handshake.readProtocols(offer)], ['b', 'a']);
  });

  it('refuses a malformed header', () => {
    for (const value of ['', 'a,', 'a,a', 'a;b']) {
      assert.throws(
        () =>
          handshake.readProtocols(request({ 'sec-websocket-protocol': value })),
        refusal(400, 'Invalid Sec-WebSocket-Protocol header')
      );
    }
  });
});

describe('acceptExtensions', () => {
  const offer = (value) => request({ 'sec-websocket-extensions': value });

  it('accepts nothing with permessage-deflate off or not offered', () => {
    const options = { maxPayload: 10, perMessageDeflate: {} };

    assert.deepStrictEqual(
      handshake.acceptExtensions(offer('permessage-deflate'), {
        ...options,
        perMessageDeflate: false
      }),
      {}
    );
    assert.deepStrictEqual(handshake.acceptExtensions(request(), options), {});
    assert.deepStrictEqual(
      handshake.acceptExtensions(offer('foo; bar'), options),
      {}
    );
  });

  it('does not read the header with permessage-deflate off', () => {
    assert.deepStrictEqual(
      handshake.acceptExtensions(offer('=malformed='), {
        perMessageDeflate: false
      }),
      {}
    );
  });

  it('makes the server side of permessage-deflate with the limit', () => {
    const { 'permessage-deflate': deflate } = handshake.acceptExtensions(
      offer('permessage-deflate; server_no_context_takeover'),
      { maxPayload: 10, perMessageDeflate: { threshold: 1 } }
    );

    assert.ok(deflate instanceof PerMessageDeflate);
    assert.strictEqual(deflate._isServer, true);
    assert.strictEqual(deflate._maxPayload, 10);
    assert.strictEqual(deflate._threshold, 1);
    assert.strictEqual(deflate.params.server_no_context_takeover, true);
  });

  it('refuses a malformed header and unacceptable parameters', () => {
    const values = [
      '=malformed=',
      'permessage-deflate; server_max_window_bits=foo',
      'permessage-deflate; server_max_window_bits=16',
      'permessage-deflate; unknown_parameter'
    ];

    for (const value of values) {
      assert.throws(
        () =>
          handshake.acceptExtensions(offer(value), { perMessageDeflate: {} }),
        refusal(400, 'Invalid or unacceptable Sec-WebSocket-Extensions header')
      );
    }
  });
});

describe('describeClient', () => {
  const origins = {
    origin: 'https://a.example',
    'sec-websocket-origin': 'https://b.example'
  };

  it('takes the origin from the header of the version', () => {
    assert.strictEqual(
      handshake.describeClient(request(origins)).origin,
      'https://a.example'
    );
    assert.strictEqual(
      handshake.describeClient(
        request({ ...origins, 'sec-websocket-version': '8' })
      ).origin,
      'https://b.example'
    );
  });

  it('tells whether the connection is encrypted', () => {
    const plain = request();

    assert.strictEqual(handshake.describeClient(plain).secure, false);

    for (const socket of [{ encrypted: true }, { authorized: true }]) {
      const { secure } = handshake.describeClient({ ...plain, socket });

      assert.strictEqual(secure, true);
    }
  });

  it('hands on the request itself', () => {
    const plain = request();

    assert.strictEqual(handshake.describeClient(plain).req, plain);
  });
});

describe('acceptLines', () => {
  it('gives the answer of RFC 6455, section 1.3', () => {
    assert.deepStrictEqual(handshake.acceptLines(KEY, 'chat', {}), [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${ACCEPT}`,
      'Sec-WebSocket-Protocol: chat'
    ]);
  });

  it('hashes a key of any length and kind', () => {
    for (const [key, accept] of [
      ['x'.repeat(100), 'DJTE+uYDnPxiT+W6VvIG/iPUxv8='],
      [
        { toString: () => 'a', valueOf: () => 'b' },
        '/2WhYyRivnOKNl2G8bXxcE1GVLg='
      ],
      [undefined, 'gH2cR3x4MfGXKljgIwL3fMYv0sY=']
    ]) {
      assert.strictEqual(
        handshake.acceptLines(key, '', {})[3],
        `Sec-WebSocket-Accept: ${accept}`
      );
    }
  });

  it('names permessage-deflate only', () => {
    const lines = handshake.acceptLines(KEY, '', { other: { params: {} } });

    assert.deepStrictEqual(lines, handshake.acceptLines(KEY, '', {}));
  });

  it('leaves out what was not agreed upon', () => {
    assert.strictEqual(handshake.acceptLines(KEY, '', {}).length, 4);
  });

  it('names the accepted extensions with their parameters', () => {
    const deflate = {
      params: { server_no_context_takeover: true, client_max_window_bits: 10 }
    };

    assert.strictEqual(
      handshake.acceptLines(KEY, '', { 'permessage-deflate': deflate })[4],
      'Sec-WebSocket-Extensions: permessage-deflate; ' +
        'server_no_context_takeover; client_max_window_bits=10'
    );
  });
});

describe('abort', () => {
  async function answerOf(...args) {
    const socket = new PassThrough();
    let answer = '';

    socket.setEncoding('utf8').on('data', (chunk) => (answer += chunk));
    handshake.abort(socket, ...args);
    await once(socket, 'close');
    return answer;
  }

  it('sends the reason phrase by default and destroys the socket', async () => {
    assert.strictEqual(
      await answerOf(401),
      'HTTP/1.1 401 Unauthorized\r\n' +
        'Connection: close\r\n' +
        'Content-Type: text/html\r\n' +
        'Content-Length: 12\r\n\r\n' +
        'Unauthorized'
    );
  });

  it('counts the bytes of the message, not its characters', async () => {
    const answer = await answerOf(403, '\u20ac');

    assert.match(answer, /\r\nContent-Length: 3\r\n/);
    assert.ok(answer.endsWith('\r\n\r\n\u20ac'));
  });

  it('adds and replaces headers', async () => {
    assert.strictEqual(
      await answerOf(503, 'Later', {
        'Content-Type': 'text/plain',
        'Retry-After': 120
      }),
      'HTTP/1.1 503 Service Unavailable\r\n' +
        'Connection: close\r\n' +
        'Content-Type: text/plain\r\n' +
        'Content-Length: 5\r\n' +
        'Retry-After: 120\r\n\r\n' +
        'Later'
    );
  });

  it('sends a status code without a known reason phrase', async () => {
    assert.strictEqual(
      await answerOf(499),
      'HTTP/1.1 499 \r\n' +
        'Connection: close\r\n' +
        'Content-Type: text/html\r\n' +
        'Content-Length: 0\r\n\r\n'
    );
  });
});

'use strict';

const { KEY } = require('./raw-http');

const LINES = [
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  `Sec-WebSocket-Key: ${KEY}`,
  'Sec-WebSocket-Version: 13'
];

/** What a line of the request may be instead, and what may stand before it. */
const REPLACEMENTS = {
  Host: [
    'Host:',
    'Host: ',
    'host:localhost',
    'HOST:\tlocalhost\t',
    'Host : localhost',
    ' Host: localhost',
    'Host: local host',
    'Host: l\u00f6calhost',
    'Host: localhost\r\nHost: other',
    'Host: localhost\r\n folded',
    'Host: localhost\nX: y',
    'Host: localhost\rX: y',
    'Host: a\u0000b',
    'Host: a\u0001b',
    'Host: a\u007fb'
  ],
  Connection: [
    'Connection:',
    'Connection: close',
    'Connection: keep-alive',
    'Connection: upgrade',
    'connection: UPGRADE',
    'Connection: keep-alive, Upgrade',
    'Connection: Upgrade, keep-alive',
    'Connection: Upgrade,keep-alive,',
    'Connection: Upgrade, close',
    'Connection: close, Upgrade',
    'Connection: upgrade upgrade',
    'Connection: Upgrade\t',
    'Connection: Upgrade\t,keep-alive',
    'Connection:\tUpgrade',
    'Connection: upgraded',
    'Connection: "Upgrade"',
    'Connection: keep-alive\r\nConnection: Upgrade',
    'Connection: Upgrade\r\nConnection: close',
    'Connection: Upgrade\r\nConnection: Upgrade'
  ],
  Upgrade: [
    'Upgrade:',
    'Upgrade: WebSocket',
    'Upgrade: WEBSOCKET',
    'upgrade:websocket',
    'Upgrade: websockets',
    'Upgrade: websocket/13',
    'Upgrade: h2c',
    'Upgrade: websocket, h2c',
    'Upgrade: h2c, websocket',
    'Upgrade: websocket\r\nUpgrade: websocket',
    'Upgrade: h2c\r\nUpgrade: websocket'
  ],
  'Sec-WebSocket-Key': [
    'Sec-WebSocket-Key:',
    'Sec-WebSocket-Key: x',
    `sec-websocket-key: ${KEY}`,
    `SEC-WEBSOCKET-KEY:${KEY}  `,
    `Sec-WebSocket-Key: ${KEY} x`,
    `Sec-WebSocket-Key: ${KEY}=`,
    `Sec-WebSocket-Key: ${KEY.slice(1)}`,
    `Sec-WebSocket-Key: x${KEY}`,
    `Sec-WebSocket-Key: ${KEY.replace('d', '-')}`,
    `Sec-WebSocket-Key: ${KEY.replace('d', '_')}`,
    `Sec-WebSocket-Key: ${KEY.replace('d', '+')}`,
    `Sec-WebSocket-Key: ${KEY.replace('==', '=A')}`,
    `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Key: ${KEY}`,
    `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Key: x`
  ],
  'Sec-WebSocket-Version': [
    'Sec-WebSocket-Version:',
    'Sec-WebSocket-Version: 8',
    'Sec-WebSocket-Version: 12',
    'Sec-WebSocket-Version: 14',
    'Sec-WebSocket-Version: 013',
    'Sec-WebSocket-Version: 13.0',
    'Sec-WebSocket-Version: +13',
    'Sec-WebSocket-Version: 0xd',
    'Sec-WebSocket-Version: thirteen',
    'Sec-WebSocket-Version: 13, 8',
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13',
    'Sec-WebSocket-Version: 8\r\nSec-WebSocket-Version: 13'
  ]
};

/** Lines that are added. */
const ADDITIONS = [
  'Origin: http://localhost',
  'Cookie: a=b; c=d',
  'Cookie: a=b\r\nCookie: c=d',
  'Authorization: Basic dTpw',
  'X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8',
  'Pragma: no-cache\r\nCache-Control: no-cache',
  'Content-Length: 0',
  'Content-Length: 3',
  'Content-Length: -1',
  'Content-Length: x',
  'Content-Length: 0\r\nContent-Length: 0',
  'Content-Length: 0\r\nContent-Length: 1',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: chunked\r\nContent-Length: 3',
  'Expect: 100-continue',
  'Expect: x',
  'TE: trailers',
  'Trailer: x',
  'Proxy-Connection: keep-alive',
  'Keep-Alive: timeout=5',
  'HTTP2-Settings: x',
  ':authority: x',
  'X Y: z',
  'X',
  ': x',
  'X:',
  'X:y',
  'X: \u00e4\u00f6',
  'X: "q\\"',
  'X{}: y',
  'X\u0000: y',
  '__proto__: x',
  'constructor: x',
  'Sec-WebSocket-Protocol: chat',
  'Sec-WebSocket-Protocol: chat, superchat',
  'Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: superchat',
  'Sec-WebSocket-Protocol: chat, chat',
  'Sec-WebSocket-Protocol:',
  'Sec-WebSocket-Protocol: ,',
  'Sec-WebSocket-Protocol: a b',
  'sec-websocket-protocol:chat',
  'Sec-WebSocket-Extensions: permessage-deflate',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10',
  'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7',
  'Sec-WebSocket-Extensions: permessage-deflate; x=1',
  'Sec-WebSocket-Extensions: permessage-deflate;',
  'Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate',
  'Sec-WebSocket-Extensions: x-unknown',
  'Sec-WebSocket-Extensions: x-unknown\r\nSec-WebSocket-Extensions: permessage-deflate',
  'Sec-WebSocket-Extensions:',
  'Sec-WebSocket-Extensions: ,',
  'Sec-WebSocket-Accept: x',
  'Sec-WebSocket-Location: x',
  `X: ${'x'.repeat(7000)}`,
  `X: ${'x'.repeat(9000)}`,
  `X: ${'x'.repeat(17000)}`,
  Array.from({ length: 50 }, (_, i) => `X-${i}: ${i}`).join('\r\n'),
  Array.from({ length: 70 }, (_, i) => `X-${i}: ${i}`).join('\r\n')
];

/** First lines. */
const STARTS = [
  'GET /path?query=1#fragment HTTP/1.1',
  'GET //x HTTP/1.1',
  'GET /%20 HTTP/1.1',
  'GET /\u00e4 HTTP/1.1',
  'GET /a b HTTP/1.1',
  'GET  / HTTP/1.1',
  'GET /  HTTP/1.1',
  'GET / HTTP/1.1 ',
  'GET /\tHTTP/1.1',
  ' GET / HTTP/1.1',
  '\r\nGET / HTTP/1.1',
  '\r\n\r\nGET / HTTP/1.1',
  '\nGET / HTTP/1.1',
  'GET http://localhost/ HTTP/1.1',
  'GET * HTTP/1.1',
  'GET localhost HTTP/1.1',
  'GET HTTP/1.1',
  'GET',
  'get / HTTP/1.1',
  'GETS / HTTP/1.1',
  'GET / http/1.1',
  'GET / HTTP/1.0',
  'GET / HTTP/0.9',
  'GET / HTTP/1.2',
  'GET / HTTP/2.0',
  'GET / HTTP/11',
  'GET / HTTP/1.1\u0000',
  'GET / HTTP/1.',
  'GET /',
  'GET / ICE/1.0',
  'POST / HTTP/1.1',
  'HEAD / HTTP/1.1',
  'OPTIONS / HTTP/1.1',
  'PUT / HTTP/1.1',
  'DELETE / HTTP/1.1',
  'PATCH / HTTP/1.1',
  'CONNECT localhost:80 HTTP/1.1',
  'PRI * HTTP/2.0',
  'M-SEARCH / HTTP/1.1',
  `GET /${'x'.repeat(2000)} HTTP/1.1`,
  `GET /${'x'.repeat(9000)} HTTP/1.1`,
  `GET /${'x'.repeat(17000)} HTTP/1.1`,
  '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001',
  '\u0000',
  ''
];

/**
 * Requests for an upgrade, and what is not quite one.
 *
 * @return {Map<String, String>} Their bytes, in latin1, by what is special in them
 */
function corpus() {
  const requests = new Map([['nothing', request()]]);

  for (const start of STARTS) {
    requests.set(`first line ${shown(start)}`, request(LINES, start));
  }

  LINES.forEach((line, at) => {
    const name = line.split(':', 1)[0];

    requests.set(`no ${name}`, request(cut(at)));
    requests.set(`${name} last`, request([...cut(at), line]));

    for (const other of REPLACEMENTS[name]) {
      const lines = [...LINES];

      lines[at] = other;
      requests.set(shown(other), request(lines));
    }
  });

  for (const line of ADDITIONS) {
    requests.set(`and ${shown(line)}`, request([...LINES, line]));
    requests.set(`${shown(line)} and`, request([line, ...LINES]));
  }

  requests.set('lines that end in LF', request().replaceAll('\r\n', '\n'));
  requests.set('lines that end in CR', request().replaceAll('\r\n', '\r'));
  requests.set('an empty line that is LF', `${request().slice(0, -2)}\n`);
  requests.set(
    'a request before it',
    `GET / HTTP/1.1\r\nHost: a\r\n\r\n${request()}`
  );
  requests.set('a request behind it', request() + request());
  for (const part of [0.1, 0.5, 0.9, 0.99]) {
    const whole = request();

    requests.set(`only ${part}`, whole.slice(0, whole.length * part));
  }

  return requests;
}

function cut(at) {
  return LINES.filter((_, index) => index !== at);
}

function request(lines = LINES, start = 'GET / HTTP/1.1') {
  return [start, ...lines, '', ''].join('\r\n');
}

function shown(text) {
  return JSON.stringify(text.slice(0, 60));
}

module.exports = { corpus };

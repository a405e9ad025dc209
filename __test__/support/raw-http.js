'use strict';

const { createHash } = require('node:crypto');
const { once } = require('node:events');
const net = require('node:net');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The key of RFC 6455, section 1.3, and what a server has to make of it. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const UPGRADE = {
  Host: 'localhost',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': KEY,
  'Sec-WebSocket-Version': '13'
};

/**
 * Writes out the request of an opening handshake.
 *
 * @param {Object} [changes] Headers to add or to replace; `null` leaves one out
 * @param {String} [start] The method and the path
 * @return {String} The request
 */
function upgradeRequest(changes, start = 'GET /') {
  const lines = Object.entries({ ...UPGRADE, ...changes })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`);

  return `${start} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/**
 * Sends bytes over a new TCP connection and reads the answer: up to the end of
 * the headers if it is an upgrade, else up to the end of the connection.
 *
 * @param {Number} port A port of this machine
 * @param {String|Buffer} bytes What to send
 * @return {Promise<Object>} The `status`, `headers` (names in lower case),
 *     `body` and the `socket`
 */
async function exchange(port, bytes) {
  const socket = net.connect(port, '127.0.0.1');
  let answer = '';

  socket.setEncoding('latin1');
  socket.write(bytes);

  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    answer += chunk;
    if (answer.startsWith('HTTP/1.1 101') && answer.includes('\r\n\r\n')) break;
  }

  const [head, body] = answer.split(/\r\n\r\n(.*)/s);
  const [statusLine, ...lines] = head.split('\r\n');

  return {
    body,
    headers: Object.fromEntries(
      lines.map((line) => {
        const [name, value] = line.split(/: (.*)/);

        return [name.toLowerCase(), value];
      })
    ),
    socket,
    status: statusLine.slice('HTTP/1.1 '.length)
  };
}

/** Writes out the answer to an opening handshake (RFC 6455, section 4.2.2). */
function upgradeResponse(key, extensions) {
  const accept = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`
  ];

  if (extensions) lines.push(`Sec-WebSocket-Extensions: ${extensions}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Reads up to the end of the headers; what came behind them is `rest`. */
function readHead(socket) {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);

    socket.on('data', function onData(chunk) {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf('\r\n\r\n');
      if (end === -1) return;

      socket.pause();
      socket.off('data', onData);
      socket.off('error', reject);
      resolve({
        head: bytes.toString('latin1', 0, end),
        rest: bytes.subarray(end + 4)
      });
    });
    socket.once('error', reject);
  });
}

/**
 * Waits for a server to listen.
 *
 * @param {WebSocketServer|http.Server} server The server
 * @return {Promise<Number>} Its port
 */
async function portOf(server) {
  if (!server.address()) await once(server, 'listening');

  return server.address().port;
}

module.exports = {
  ACCEPT,
  exchange,
  KEY,
  portOf,
  readHead,
  upgradeRequest,
  upgradeResponse
};

'use strict';

const { once } = require('node:events');
const net = require('node:net');

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

module.exports = { ACCEPT, exchange, KEY, portOf, upgradeRequest };

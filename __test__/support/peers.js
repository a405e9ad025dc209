'use strict';

const { once } = require('node:events');

const HOST = '127.0.0.1';

/** Payload lengths around the forms of the length, and a large one. */
const LENGTHS = [0, 1, 125, 126, 127, 1000, 65535, 65536, 65537, 2 ** 20];

/** Text of a number of bytes that neither repeats soon nor is random. */
function textOf(length) {
  let text = '';

  for (let i = 0; text.length < length; i++) text += `${i * i} `;
  return text.slice(0, length);
}

/** Bytes of every value, most of which do not compress. */
function bytesOf(length) {
  const bytes = Buffer.allocUnsafe(length);
  let state = 1;

  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = i % 1024 < 512 ? state >>> 24 : i;
  }

  return bytes;
}

/**
 * Starts a server of any package on loopback, gone at the end of the test.
 *
 * @param {TestContext} t The test
 * @param {Function} Server A class with the interface of `WebSocketServer`
 * @param {Object} [options] Its options
 * @return {Promise<Object>} The server; `server.url` is its address
 */
async function listen(t, Server, options) {
  const server = new Server({ host: HOST, port: 0, ...options });

  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, 'listening');
  server.url = `ws://${HOST}:${server.address().port}`;
  return server;
}

/**
 * Opens a client and waits for both ends.
 *
 * @param {Object} server What `listen()` gave
 * @param {Function} Client A class with the interface of `WebSocket`
 * @param {Array} args Further arguments of its constructor
 * @return {Promise<Object[]>} The server's end and the client's
 */
async function connect(server, Client, ...args) {
  const client = new Client(server.url, ...args);
  const opened = new Promise((resolve, reject) => {
    client.addEventListener('open', resolve);
    client.addEventListener('error', reject);
  });
  const [ws] = await once(server, 'connection');

  await opened;
  return [ws, client];
}

/** Messages as they come: `add()` keeps one, `take(n)` waits for the next n. */
function queue() {
  const messages = [];
  let wake = () => {};

  return {
    add(message) {
      messages.push(message);
      wake();
    },

    async take(count) {
      while (messages.length < count) {
        await new Promise((resolve) => {
          wake = resolve;
        });
      }

      return messages.splice(0, count);
    }
  };
}

/** Keeps the messages of a WebSocket; `take(n)` waits for the next n. */
function inbox(ws) {
  const { add, take } = queue();

  ws.on('message', (data, isBinary) => add(isBinary ? data : data.toString()));
  return take;
}

module.exports = { bytesOf, connect, inbox, LENGTHS, listen, queue, textOf };

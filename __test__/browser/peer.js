'use strict';

// A client on npm ws, the independent peer of the examples.

const { once } = require('node:events');
const WebSocket = require('ws');

const { PATIENCE } = require('../support/patience');

/**
 * Connects.
 *
 * @param {string} url `http:` and `https:` do, too
 * @param {object} [options] for npm ws
 * @returns {Promise<Peer>} the connection, open
 * @throws {Error} if it is not accepted
 */
async function connect(url, options) {
  const peer = new Peer(new WebSocket(url, options));

  await once(peer.ws, 'open');
  peer.ws.on('error', () => {}); // 'close' tells the code
  return peer;
}

/** A connection that keeps what it receives until it is asked for. */
class Peer {
  constructor(ws) {
    this._received = [];
    this._wake = () => {};

    /** @type {WebSocket} the connection */
    this.ws = ws;
    /** @type {Promise<{code: number, reason: string}>} how it was closed */
    this.closed = new Promise((resolve) => {
      ws.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this._wake();
      });
    });

    ws.on('message', (data, isBinary) => {
      this._received.push(isBinary ? data : data.toString());
      this._wake();
    });
  }

  /**
   * @returns {Promise<string|Buffer>} the next message, in the order of arrival
   * @throws {Error} if there is none and the connection closes, or for `PATIENCE`
   */
  async next() {
    const deadline = Date.now() + PATIENCE;

    while (this._received.length === 0) {
      if (this.ws.readyState === WebSocket.CLOSED) {
        throw new Error('The connection was closed before the next message');
      }

      if (Date.now() >= deadline) throw new Error('No message came');

      await new Promise((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());

        this._wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }

    return this._received.shift();
  }

  /** @returns {Promise<object>} the next message, parsed as JSON */
  async nextJson() {
    return JSON.parse(await this.next());
  }

  /** @returns {Promise<{code: number, reason: string}>} how it was closed */
  close() {
    this.ws.close(1000);
    return this.closed;
  }
}

/**
 * Connects where the server is expected to refuse.
 *
 * @param {string} url as for `connect`
 * @param {object} [options] for npm ws
 * @returns {Promise<import('node:http').IncomingMessage>} its response
 * @throws {Error} if the connection is accepted
 */
function refusal(url, options) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, options);

    ws.on('error', reject);
    ws.on('open', () => {
      ws.terminate();
      reject(new Error('The connection was accepted'));
    });
    ws.on('unexpected-response', (req, res) => {
      req.destroy();
      resolve(res);
    });
  });
}

module.exports = { connect, refusal };

'use strict';

// Servers that accept natively, and connections to them.

const { once } = require('node:events');

const WebSocketServer = require('../../lib/api/websocket-server');
const { exchange, portOf, upgradeRequest } = require('./raw-http');

/** Connects to a port; gives the server's end. */
async function connected(t, wss, port) {
  const connection = once(wss, 'connection');
  const { socket } = await exchange(port, upgradeRequest());

  t.after(() => socket.destroy());

  const [ws, request] = await connection;

  return { request, socket, ws };
}

/** A `WebSocketServer` on an HTTP server, and where that listens. */
async function serveOn(t, server, options) {
  const wss = new WebSocketServer({ server, ...options });

  t.after(() => {
    for (const ws of wss.clients) ws.terminate();
    server.close();
    server.closeAllConnections?.();
  });
  if (!server.listening) server.listen(0, '127.0.0.1');
  return { port: await portOf(server), wss };
}

module.exports = { connected, serveOn };

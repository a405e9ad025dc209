'use strict';

const { once } = require('node:events');
const http = require('node:http');

const WebSocketServer = require('../../lib/api/websocket-server');

/** Starts a server of its own that is gone at the end of the test. */
function serve(t, options) {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });

  t.after(() => shutDown(wss));
  return wss;
}

/** Starts an HTTP server that is gone at the end of the test. */
function serveHttp(t) {
  const server = http.createServer().listen(0, '127.0.0.1');

  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

function shutDown(wss) {
  for (const ws of wss.clients ?? []) ws.terminate();
  wss.close();
}

/** Lets a `noServer` server handle the upgrades of an HTTP server. */
function upgradeWith(wss, server, onConnection = () => {}) {
  server.on('upgrade', (request, socket, head) => {
    wss.handleUpgrade(request, socket, head, onConnection);
  });
}

/** Ends the connection of an exchange, when the server has seen it. */
async function leave(ws, { socket }) {
  const closed = once(ws, 'close');

  socket.destroy();
  await closed;
}

module.exports = { leave, serve, serveHttp, upgradeWith };

'use strict';

const { once } = require('node:events');

/** Answers what is received on a connection. */
function echo(ws) {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
}

async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

/** What stops a server and its WebSocketServer. */
function closeBy(server, wss) {
  return async () => {
    for (const ws of wss.clients) ws.close();
    wss.close();
    server.close();
    await once(server, 'close');
  };
}

module.exports = { closeBy, echo, listen };

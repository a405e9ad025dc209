'use strict';

// Sends what one client says to all the others, and drops clients that are gone.
//
//   node examples/broadcast.js            ws://127.0.0.1:8080
//   PORT=3000 node examples/broadcast.js  another port (0 picks a free one)
//
// Start `node examples/client.js ws://127.0.0.1:8080` twice to see it.

const { WebSocketServer } = require('..');

const MAX_BUFFERED = 1024 * 1024; // bytes a slow client may have waiting

const wss = new WebSocketServer({
  // Who does not answer a ping is gone.
  heartbeat: { interval: 30_000, timeout: 10_000 },
  host: process.env.HOST || '127.0.0.1',
  // One client that does not read must not fill the memory of the server.
  maxBackpressure: MAX_BUFFERED,
  port: Number(process.env.PORT || 8080)
});

wss.on('listening', () => {
  const { address, port } = wss.address();

  console.log(`Broadcasting on ws://${address}:${port}`);
});

wss.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => {
    wss.broadcast(data, { binary: isBinary, except: ws });
  });
});

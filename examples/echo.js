'use strict';

// A server of its own that sends back whatever it gets.
//
//   node examples/echo.js            ws://127.0.0.1:8080
//   PORT=3000 node examples/echo.js  another port (0 picks a free one)
//
// To talk to it: node examples/client.js ws://127.0.0.1:8080

const { WebSocketServer } = require('..');

const wss = new WebSocketServer({
  host: process.env.HOST || '127.0.0.1',
  port: Number(process.env.PORT || 8080)
});

wss.on('listening', () => {
  const { address, port } = wss.address();

  console.log(`Echoing on ws://${address}:${port}`);
});

wss.on('connection', (ws) => {
  ws.on('error', console.error);
  // Without `binary`, what came as text would go back as binary: `data` is a
  // Buffer either way.
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

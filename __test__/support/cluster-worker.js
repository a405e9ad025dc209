'use strict';

// A worker of a cluster: an echo server that tells where it runs.

const { WebSocketServer } = require('../..');

const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });

wss.on('listening', () => process.send(wss.address().port));
wss.on('connection', (ws) => {
  ws.on('message', (data) => {
    ws.send(
      JSON.stringify({
        pid: process.pid,
        text: data.toString(),
        transport: ws.transport
      })
    );
  });
});
process.on('message', () => {
  for (const ws of wss.clients) ws.terminate();
  wss.close(() => process.disconnect());
});

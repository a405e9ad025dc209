'use strict';

// Two WebSocket servers behind one HTTP server, told apart by the path.
//
//   node examples/no-server.js            http://127.0.0.1:8080
//   PORT=3000 node examples/no-server.js  another port (0 picks a free one)
//
//   /echo   sends back what it gets
//   /clock  sends the time once a second

const http = require('node:http');
const { WebSocketServer } = require('..');

const echo = new WebSocketServer({ noServer: true });
const clock = new WebSocketServer({ noServer: true });
const servers = new Map([
  ['/echo', echo],
  ['/clock', clock]
]);

echo.on('connection', (ws) => {
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

clock.on('connection', (ws) => {
  const tell = () => ws.send(new Date().toISOString());
  const timer = setInterval(tell, 1000);

  ws.on('error', console.error);
  ws.on('close', () => clearInterval(timer));
  tell();
});

const server = http.createServer((req, res) => {
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.end('Connect a WebSocket to /echo or to /clock.\n');
});

server.on('upgrade', (req, socket, head) => {
  // The path without the query. `new URL(req.url, …)` would throw on some of what
  // a client can send.
  const wss = servers.get(req.url.split('?', 1)[0]);

  if (wss === undefined) {
    socket.on('error', () => {}); // it may be gone before it has read this
    socket.end(
      'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
    );
    return;
  }

  wss.handleUpgrade(req, socket, head, (ws) => {
    wss.emit('connection', ws, req);
  });
});

server.listen(
  Number(process.env.PORT || 8080),
  process.env.HOST || '127.0.0.1',
  () => {
    const { address, port } = server.address();

    console.log(`Listening on http://${address}:${port}`);
  }
);

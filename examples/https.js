'use strict';

// An echo server behind TLS: wss://. Its certificate is made when it starts and
// signed by itself, so a client must be told to trust it, which this program
// does with a client of its own.
//
//   node examples/https.js            wss://localhost:8443
//   PORT=3000 node examples/https.js  another port (0 picks a free one)

const https = require('node:https');
const { WebSocket, WebSocketServer } = require('..');
const { selfSigned } = require('./self-signed.js');

const { cert, key } = selfSigned();
const server = https.createServer({ cert, key });
const wss = new WebSocketServer({ server });

wss.on('connection', (ws, req) => {
  console.log(`Accepted a client with ${req.socket.getProtocol()}`);
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

server.listen(
  Number(process.env.PORT || 8443),
  process.env.HOST || '127.0.0.1',
  () => {
    const { port } = server.address();

    // For clients that want to trust it: NODE_EXTRA_CA_CERTS, or the option `ca`.
    console.log(cert);
    console.log(`Listening on wss://localhost:${port}`);
    greet(`wss://localhost:${port}`);
  }
);

function greet(url) {
  // `ca` rather than `rejectUnauthorized: false`: the certificate is verified.
  const ws = new WebSocket(url, { ca: cert });

  ws.on('error', console.error);
  ws.on('open', () => ws.send('Hello over TLS'));
  ws.on('message', (data) => {
    console.log(`The server answers: ${data}`);
    ws.close();
  });
}

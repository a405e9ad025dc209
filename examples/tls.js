'use strict';

// An echo server behind TLS (wss:), and a page of Express on the same port
// (https:). Its certificate is made when it starts and signed by itself, so a
// client must be told to trust it, which this program does with a client of its
// own.
//
//   node examples/tls.js            wss://localhost:8443
//   PORT=3000 node examples/tls.js  another port (0 picks a free one)

const express = require('express');
const { WebSocket, WebSocketServer } = require('..');
const { selfSigned } = require('./self-signed.js');

const { cert, key } = selfSigned();
const app = express();

app.get('/', (req, res) => res.send('Connect a WebSocket to this address.\n'));

const wss = new WebSocketServer({
  host: process.env.HOST || '127.0.0.1',
  port: Number(process.env.PORT || 8443),
  // In a program of yours: `readFileSync('key.pem')` and so on.
  tls: { cert, key, onRequest: app }
});

wss.on('connection', (ws, req) => {
  console.log(`Accepted a client with ${req.socket.getProtocol()}`);
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

// Who does not trust the certificate, for example, or speaks plain HTTP.
wss.on('tlsClientError', (error) => console.error(error.message));

wss.on('listening', () => {
  const { port } = wss.address();

  // For clients that want to trust it: NODE_EXTRA_CA_CERTS, or the option `ca`.
  console.log(cert);
  console.log(`Listening on wss://localhost:${port}`);
  greet(`wss://localhost:${port}`);
});

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

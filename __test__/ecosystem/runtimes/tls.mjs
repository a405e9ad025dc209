import fs from 'node:fs';
import https from 'node:https';

import {
  connect,
  end,
  exchange,
  once,
  print,
  WebSocketServer
} from './help.mjs';

const cert = fs.readFileSync('cert.pem');
const key = fs.readFileSync('key.pem');
const server = https.createServer({ cert, key });
const wss = new WebSocketServer({ server, perMessageDeflate: true });

let encrypted;

wss.on('connection', (ws, request) => {
  ws.on('message', (data, binary) => ws.send(data, { binary }));
  encrypted = request.socket.encrypted;
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const url = `wss://127.0.0.1:${server.address().port}/`;
const refused = await new Promise((resolve) => {
  connect(url).catch((err) => resolve(err.code));
});
const ws = await connect(url, { ca: cert });
const seen = await exchange(
  ws,
  'x',
  'x'.repeat(100_000),
  Buffer.alloc(500_000)
);

print({
  refused,
  encrypted,
  seen,
  transport: ws.transport,
  end: await end(ws, wss)
});
server.close();

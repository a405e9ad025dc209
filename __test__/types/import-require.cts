// The import that `export =` is made for: class, namespace and types in one.
import WebSocket = require('ws-rs');
import { createServer } from 'node:http';

const options: WebSocket.ServerOptions = { noServer: true };
const wss = new WebSocket.Server(options);
const same: WebSocket.WebSocketServer = new WebSocket.WebSocketServer(options);
const ws = new WebSocket('ws://localhost:1', ['a', 'b'], {
  headers: { cookie: 'a=b' },
  origin: 'http://localhost'
});
const again: WebSocket = new WebSocket.WebSocket(new URL('ws://localhost:1'));
const states: Array<0 | 1 | 2 | 3> = [
  WebSocket.CONNECTING,
  ws.CLOSED,
  again.readyState
];

createServer().on('upgrade', (request, socket, head) => {
  wss.handleUpgrade(request, socket, head, (client, req) => {
    wss.emit('connection', client, req);
    const url: string | undefined = req.url;
    client.send(`${url} ${states.length} ${same.clients.size}`);
  });
});

function payload(data: WebSocket.RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.from(data as ArrayBuffer).toString();
}

ws.on('message', (data) => payload(data));

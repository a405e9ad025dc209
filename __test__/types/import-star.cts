// The import of programs without `esModuleInterop`, types only through it.
import * as ws from 'ws-rs';
import { Server, WebSocket, type Data, type MessageEvent } from 'ws-rs';

const wss: ws.Server = new ws.Server({ noServer: true, clientTracking: false });
const other: Server = new ws.WebSocketServer({ noServer: true });
const client: WebSocket = new WebSocket('ws://localhost:1');
const untyped: ws.WebSocket = client;

function text(event: MessageEvent): string {
  const data: Data = event.data;
  return typeof data === 'string' ? data : '';
}

client.onmessage = (event) => {
  console.log(text(event), event.target.readyState === ws.OPEN);
};
untyped.addEventListener('message', text, { once: true });
wss.close((err?: Error) => other.close(() => console.log(err)));

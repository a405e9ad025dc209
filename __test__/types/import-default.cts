// With `esModuleInterop`, in a CommonJS module.
import WebSocket, { createWebSocketStream, WebSocketServer } from 'ws-rs';
import type { ClientOptions, RawData, ServerOptions } from 'ws-rs';

const server: ServerOptions = { port: 0, perMessageDeflate: true };
const client: ClientOptions = { handshakeTimeout: 1000, maxPayload: 1024 };
const wss = new WebSocketServer(server, () => {
  const address = wss.address();
  if (address === null || typeof address === 'string') return;

  const ws = new WebSocket(`ws://${address.address}:${address.port}`, client);
  const duplex = createWebSocketStream(ws, { encoding: 'utf8' });

  duplex.pipe(process.stdout);
  process.stdin.pipe(duplex);
});

const broadcast = (wss: WebSocketServer, data: RawData, binary: boolean) => {
  for (const other of wss.clients) {
    if (other.readyState === WebSocket.OPEN) other.send(data, { binary });
  }
};

wss.on('connection', (ws: WebSocket, request) => {
  const remote: string | undefined = request.socket.remoteAddress;
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => broadcast(wss, data, isBinary));
  ws.send(`hello ${remote}`, (err) => err && console.error(err.message));
});

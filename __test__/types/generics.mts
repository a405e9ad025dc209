// Own classes for the connection and the request.
import { createServer, IncomingMessage, type ClientRequest } from 'node:http';
import { WebSocket, WebSocketServer, type Server } from 'ws-rs';

class MyRequest extends IncomingMessage {
  user = 'nobody';
}

class MyWebSocket extends WebSocket {
  alive = true;

  override close(code?: number, data?: string | Buffer): void {
    this.alive = false;
    super.close(code, data);
  }

  override ping(data?: any, mask?: boolean, cb?: (err: Error) => void): void {
    super.ping(data, mask, cb);
  }
}

class MyServer extends WebSocketServer<typeof MyWebSocket, typeof MyRequest> {
  override shouldHandle(request: MyRequest): boolean {
    return request.user !== 'nobody';
  }
}

const http = createServer({ IncomingMessage: MyRequest });
const wss = new MyServer({ server: http, WebSocket: MyWebSocket });

wss.on('connection', (ws, request) => {
  ws.alive = request.user.length > 0;
});
wss.on('headers', (headers, request) => headers.push(request.user));
for (const ws of wss.clients) ws.alive = false;

const inline = new WebSocketServer<typeof MyWebSocket, typeof MyRequest>({
  handleProtocols: (protocols, request) => protocols.has(request.user) && 'a',
  noServer: true,
  verifyClient: ({ req }: { req: MyRequest }) => req.user === 'me',
  WebSocket: MyWebSocket
});

http.on('upgrade', (request, socket, head) => {
  inline.handleUpgrade(request, socket, head, (ws) => {
    const alive: boolean = ws.alive;
    inline.emit('connection', ws, request, alive);
  });
});

const plain: Server = new WebSocketServer({ port: 0 });
const base: WebSocket = new MyWebSocket('ws://localhost:1');
const detached = new MyWebSocket(null);

function close(server: Server | WebSocketServer, ...all: WebSocket[]): void {
  all.forEach((ws) => ws.terminate());
  server.close();
}

close(plain, base, detached);
base.on('redirect', (_: string, req: ClientRequest) => req.destroy());

// Programs that have a `broadcast` or `Topics` of their own, of any kind.
import WebSocket = require('ws-rs');

class Hub extends WebSocket.Server {
  broadcast(room: string, from: WebSocket, data: WebSocket.Data): void {
    for (const client of this.clients) {
      if (client !== from) client.send(`${room} ${String(data)}`);
    }
  }
}

class Feed extends WebSocket.WebSocketServer {
  private broadcast = (data: object): string => JSON.stringify(data);

  tell(): string {
    return this.broadcast({});
  }
}

class Topics extends Map<string, Set<WebSocket>> {}

const hub = new Hub({ port: 0 });
hub.on('connection', (ws) => hub.broadcast('room', ws, 'hello'));
const texts: string = new Feed({ noServer: true }).tell();
new Topics().set('room', new Set());
export = texts;

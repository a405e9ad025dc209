// Programs add members of their own by declaration merging.
import WebSocket = require('ws-rs');

declare module 'ws-rs' {
  interface WebSocket {
    isAlive: boolean;
  }
  interface ServerOptions {
    rooms?: number;
  }
}

const wss = new WebSocket.Server({ noServer: true, rooms: 2 });

wss.on('connection', (ws) => {
  const mine = ws as WebSocket.WebSocket;
  mine.isAlive = true;
});

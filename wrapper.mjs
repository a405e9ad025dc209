import WebSocket from './index.js';

export const {
  createWebSocketStream,
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  subprotocol,
  Topics,
  WebSocketServer
} = WebSocket;

export { WebSocket, WebSocket as default };

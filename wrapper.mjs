import WebSocket from './index.js';

export const {
  BroadcastChannelAdapter,
  createWebSocketStream,
  extension,
  NatsAdapter,
  PerMessageDeflate,
  Receiver,
  RedisAdapter,
  Sender,
  subprotocol,
  Topics,
  WebSocketServer
} = WebSocket;

export { WebSocket, WebSocket as default };

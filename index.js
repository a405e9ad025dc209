'use strict';

const WebSocket = require('./lib/api/websocket');
const WebSocketServer = require('./lib/api/websocket-server');

module.exports = Object.assign(WebSocket, {
  createWebSocketStream: require('./lib/api/stream'),
  extension: require('./lib/handshake/extension'),
  PerMessageDeflate: require('./lib/api/permessage-deflate'),
  Receiver: require('./lib/api/receiver'),
  Sender: require('./lib/api/sender'),
  Server: WebSocketServer,
  subprotocol: require('./lib/handshake/subprotocol'),
  WebSocket,
  WebSocketServer
});

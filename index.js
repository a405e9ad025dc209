'use strict';

const Topics = require('./lib/api/topics');
const WebSocket = require('./lib/api/websocket');
const WebSocketServer = require('./lib/api/websocket-server');

module.exports = Object.assign(WebSocket, {
  createWebSocketStream: require('./lib/api/stream'),
  extension: require('./lib/handshake/extension'),
  PerMessageDeflate: require('./lib/compression/permessage-deflate'),
  Receiver: require('./lib/connection/receiver'),
  Sender: require('./lib/connection/sender'),
  Server: WebSocketServer,
  subprotocol: require('./lib/handshake/subprotocol'),
  Topics,
  WebSocket,
  WebSocketServer
});

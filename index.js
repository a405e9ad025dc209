'use strict';

const BroadcastChannelAdapter = require('./lib/adapters/broadcast-channel');
const NatsAdapter = require('./lib/adapters/nats');
const RedisAdapter = require('./lib/adapters/redis');
const Topics = require('./lib/api/topics');
const WebSocket = require('./lib/api/websocket');
const WebSocketServer = require('./lib/api/websocket-server');

module.exports = Object.assign(WebSocket, {
  BroadcastChannelAdapter,
  createWebSocketStream: require('./lib/api/stream'),
  extension: require('./lib/handshake/extension'),
  NatsAdapter,
  PerMessageDeflate: require('./lib/compression/permessage-deflate'),
  Receiver: require('./lib/connection/receiver'),
  RedisAdapter,
  Sender: require('./lib/connection/sender'),
  Server: WebSocketServer,
  subprotocol: require('./lib/handshake/subprotocol'),
  Topics,
  WebSocket,
  WebSocketServer
});

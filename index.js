'use strict';

const BroadcastChannelAdapter = require('./lib/adapters/broadcast-channel');
const NatsAdapter = require('./lib/adapters/nats');
const RedisAdapter = require('./lib/adapters/redis');
const Topics = require('./lib/api/topics');
// By the files that ws has: tracing agents change what those give.
const WebSocket = require('./lib/websocket');
const WebSocketServer = require('./lib/websocket-server');

module.exports = Object.assign(WebSocket, {
  BroadcastChannelAdapter,
  createWebSocketStream: require('./lib/stream'),
  extension: require('./lib/extension'),
  NatsAdapter,
  PerMessageDeflate: require('./lib/permessage-deflate'),
  Receiver: require('./lib/receiver'),
  RedisAdapter,
  Sender: require('./lib/sender'),
  Server: WebSocketServer,
  subprotocol: require('./lib/subprotocol'),
  Topics,
  WebSocket,
  WebSocketServer
});

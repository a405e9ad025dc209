'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const WebSocket = require('..');

describe('require', () => {
  it('gives the WebSocket class', () => {
    assert.strictEqual(WebSocket, require('../lib/api/websocket'));
    assert.strictEqual(WebSocket.WebSocket, WebSocket);
  });

  it('gives the server under both of its names', () => {
    const WebSocketServer = require('../lib/api/websocket-server');

    assert.strictEqual(WebSocket.WebSocketServer, WebSocketServer);
    assert.strictEqual(WebSocket.Server, WebSocketServer);
  });

  it('gives everything else as properties of the class', () => {
    const files = {
      BroadcastChannelAdapter: '../lib/adapters/broadcast-channel',
      createWebSocketStream: '../lib/stream',
      extension: '../lib/extension',
      NatsAdapter: '../lib/adapters/nats',
      PerMessageDeflate: '../lib/permessage-deflate',
      Receiver: '../lib/receiver',
      RedisAdapter: '../lib/adapters/redis',
      Sender: '../lib/sender',
      subprotocol: '../lib/subprotocol',
      Topics: '../lib/api/topics'
    };

    for (const [name, file] of Object.entries(files)) {
      assert.strictEqual(WebSocket[name], require(file), name);
    }
  });

  it('works by the name of the package', () => {
    assert.strictEqual(require('ws-rs'), WebSocket);
    assert.strictEqual(require('ws-rs/package.json').name, 'ws-rs');
  });

  it('does not give the files inside of the package', () => {
    for (const path of [
      'lib/sender',
      'lib/connection/sender.js',
      'index.js',
      'browser'
    ]) {
      assert.throws(() => require(`ws-rs/${path}`), {
        code: 'ERR_PACKAGE_PATH_NOT_EXPORTED'
      });
    }
  });
});

'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const WebSocket = require('..');

describe('import', () => {
  it('has the names of ws, Topics and adapters', async () => {
    const module = await import('ws-rs');

    assert.deepStrictEqual(Object.keys(module).sort(), [
      'BroadcastChannelAdapter',
      'NatsAdapter',
      'PerMessageDeflate',
      'Receiver',
      'RedisAdapter',
      'Sender',
      'Topics',
      'WebSocket',
      'WebSocketServer',
      'createWebSocketStream',
      'default',
      'extension',
      'subprotocol'
    ]);
  });

  it('gives the same objects as require', async () => {
    const { default: defaultExport, ...named } = await import('ws-rs');

    assert.strictEqual(defaultExport, WebSocket);

    for (const [name, value] of Object.entries(named)) {
      assert.notStrictEqual(value, undefined, name);
      assert.strictEqual(value, WebSocket[name], name);
    }
  });

  it('does not give the files inside of the package', async () => {
    await assert.rejects(import('ws-rs/lib/sender.js'), {
      code: 'ERR_PACKAGE_PATH_NOT_EXPORTED'
    });
  });
});

'use strict';

const assert = require('node:assert');
const { errorMonitor } = require('node:events');
const { describe, it } = require('node:test');

const createWebSocketStream = require('../../lib/api/stream');
const FakeWebSocket = require('../support/fake-websocket');

describe('What programs see of the stream', () => {
  it('is one listener for errors, which goes with the first of them', () => {
    const duplex = createWebSocketStream(new FakeWebSocket());

    assert.strictEqual(duplex.listenerCount('error'), 1);
    duplex.on('error', () => {});
    duplex.emit('error', new Error('Oops'));
    assert.strictEqual(duplex.listenerCount('error'), 1);
  });

  it('lives through errors that it emits itself, once it has taken all listeners away', () => {
    const duplex = createWebSocketStream(new FakeWebSocket());

    duplex.removeAllListeners('error');
    duplex.on('error', () => {});
    duplex.emit('error', new Error('Oops'));
    assert.strictEqual(duplex.destroyed, false);
  });

  it('is that a monitor gets an error that nobody listens for twice, as with ws', () => {
    const duplex = createWebSocketStream(new FakeWebSocket());
    const seen = [];

    duplex.on(errorMonitor, ({ message }) => seen.push(message));
    assert.throws(() => duplex.emit('error', new Error('Oops')), /Oops/);
    assert.deepStrictEqual(seen, ['Oops', 'Oops']);
  });

  it('is that _write() and _final() are called once more when the WebSocket is open', () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);
    const calls = [];

    ws.readyState = ws.CONNECTING;
    for (const name of ['_write', '_final']) {
      const method = duplex[name];

      duplex[name] = (...args) => {
        calls.push(name);
        method(...args);
      };
    }

    duplex._write(Buffer.from('a'), 'buffer', () => {});
    duplex._final(() => {});
    ws.readyState = ws.OPEN;
    ws.emit('open');
    assert.deepStrictEqual(calls, ['_write', '_final', '_write', '_final']);
    assert.deepStrictEqual(ws.calls, [['send', 'a'], ['close']]);
  });

  it('is that the callback of _destroy() is called once, and destroy() no more', () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);
    const calls = [];
    const { _destroy, destroy } = duplex;

    duplex._destroy = (error, callback) => {
      _destroy(error, (reason) => {
        calls.push(reason.message);
        callback(reason);
      });
    };
    duplex.destroy = (error) => {
      calls.push('destroy');
      return destroy.call(duplex, error);
    };
    duplex.on('error', () => {});
    duplex.destroy(new Error('mine'));
    ws.emit('error', new Error('its'));
    ws.closed();
    assert.deepStrictEqual(calls, ['destroy', 'its']);
  });
});

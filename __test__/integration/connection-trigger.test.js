'use strict';

const assert = require('node:assert');
const { createHook, executionAsyncId } = require('node:async_hooks');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { WebSocket, WebSocketServer } = require('../..');

const triggers = new Map();
const hook = createHook({
  init(id, type, trigger) {
    triggers.set(id, trigger);
  }
});

/** The ids of what led to what runs now. */
function chain() {
  const ids = [];

  for (let id = executionAsyncId(); id; id = triggers.get(id)) ids.push(id);
  return ids;
}

// node:test follows triggers to find the test in which something was thrown.
describe("A server's connection", () => {
  for (const [title, options, closes] of [
    ['one that Node did not build', {}, false],
    ['one that Node built', { accept: 'node' }, false],
    ['one whose server listens no more', {}, true]
  ]) {
    it(`has a context that was triggered by its server: ${title}`, async (t) => {
      hook.enable();
      t.after(() => hook.disable());

      const outer = executionAsyncId();
      const wss = new WebSocketServer({
        ...options,
        host: '127.0.0.1',
        port: 0
      });
      const led = {};

      await once(wss, 'listening');
      wss.on('connection', (ws) => {
        if (closes) wss.close();
        ws.on('message', () => {
          led.message = chain().includes(outer);
          ws.close();
        });
        ws.on('close', () => {
          led.close = chain().includes(outer);
        });
      });

      const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);

      ws.on('open', () => ws.send('a'));
      await once(ws, 'close');
      wss.close();
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepStrictEqual(led, { message: true, close: true });
    });
  }
});

'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const AutoPong = require('../../lib/connection/auto-pong');

function fakeWebSocket(maxPendingAutoPongs) {
  return {
    _isServer: true,
    _maxPendingAutoPongs: maxPendingAutoPongs,
    pongs: [],
    terminated: 0,
    pong(data, mask, sent) {
      this.pongs.push({ data, mask, sent });
    },
    terminate() {
      this.terminated++;
    }
  };
}

test('a ping is answered with its own payload through pong()', () => {
  const websocket = fakeWebSocket(60);
  const payload = Buffer.from('ab');

  new AutoPong(websocket).answer(payload);

  assert.strictEqual(websocket.pongs[0].data, payload);
  assert.strictEqual(websocket.pongs[0].mask, false);
});

test('the ping that finds too many answers unwritten ends the connection', () => {
  const websocket = fakeWebSocket(2);
  const autoPong = new AutoPong(websocket);

  autoPong.answer(Buffer.alloc(0));
  autoPong.answer(Buffer.alloc(0));
  assert.strictEqual(websocket.terminated, 0);

  autoPong.answer(Buffer.alloc(0));
  assert.strictEqual(websocket.terminated, 1);
  assert.strictEqual(websocket.pongs.length, 2);

  websocket.pongs[0].sent();
  autoPong.answer(Buffer.alloc(0));
  assert.strictEqual(websocket.pongs.length, 3);
});

test('a limit of 0 is none', () => {
  const websocket = fakeWebSocket(0);
  const autoPong = new AutoPong(websocket);

  for (let i = 0; i < 1000; i++) autoPong.answer(Buffer.alloc(0));

  assert.strictEqual(websocket.pongs.length, 1000);
  assert.strictEqual(websocket.terminated, 0);
});

'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { ROLES, start } = require('../support/conversation');
const { Context } = require('../support/deflate');
const { TEXT } = require('../support/frames');
const { until } = require('../support/loop');

describe('Chunks that wait while a message is inflated', () => {
  for (const role of ROLES) {
    it(`may be tens of thousands for a ${role}`, async (t) => {
      const connect = await start(
        t,
        role,
        { perMessageDeflate: true },
        'permessage-deflate'
      );
      const conversation = await connect();
      const { ws } = conversation;
      const count = 30_000;
      const large = new Context().compress('a'.repeat(2 << 20));
      const order = [];

      ws.on('message', (data) => order.push(Number(data.length)));
      ws._socket.emit('data', conversation.frame(TEXT, large, { rsv: 4 }));
      for (let i = 0; i < count; i++) {
        ws._socket.emit('data', conversation.frame(TEXT, 'b'));
      }
      assert.deepStrictEqual(order, []);
      await until(() => order.length === count + 1);
      assert.strictEqual(order[0], 2 << 20);
      assert.ok(order.slice(1).every((length) => length === 1));
    });
  }
});

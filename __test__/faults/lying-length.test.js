'use strict';

// What a program's bytes say of their length, by a property of their own, is not what they have.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { WebSocket } = require('../support/implementation');
const { portOf } = require('../support/raw-http');

describe('bytes that lie about their length', () => {
  for (const lie of ['x', null, {}, NaN, 3, 1e6]) {
    it(`are compressed and sent whole, if it is ${String(lie)}`, async (t) => {
      const wss = new WebSocket.Server({
        host: '127.0.0.1',
        perMessageDeflate: { threshold: 0 },
        port: 0
      });

      t.after(() => wss.close());

      const client = new WebSocket(`ws://127.0.0.1:${await portOf(wss)}`);
      const [[server]] = await Promise.all([
        once(wss, 'connection'),
        once(client, 'open')
      ]);
      const got = [];
      const hasAll = new Promise((resolve) => {
        server.on('message', (data) => {
          if (got.push(String(data)) === 2) resolve();
        });
      });

      t.after(() => client.terminate());

      const payload = Buffer.from('hello');

      Object.defineProperty(payload, 'length', { value: lie });
      client.send(payload, { compress: true }, (err) => assert.ifError(err));
      client.send('next');
      await hasAll;
      assert.deepStrictEqual(got, ['hello', 'next']);
    });
  }
});

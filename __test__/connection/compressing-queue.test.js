'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { WebSocket } = require('../support/implementation');

const { PerMessageDeflate, WebSocketServer } = WebSocket;

/** Opens a connection whose server compresses all it sends, and gives both ends. */
async function open(t, ioThreads) {
  const wss = new WebSocketServer({
    host: '127.0.0.1',
    ioThreads,
    perMessageDeflate: { threshold: 0 },
    port: 0
  });

  await once(wss, 'listening');

  const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  const [[peer]] = await Promise.all([
    once(wss, 'connection'),
    once(client, 'open')
  ]);

  t.after(() => {
    client.terminate();
    wss.close();
  });
  return { client, peer };
}

describe('A compress() of the program', () => {
  for (const ioThreads of [0, 1]) {
    for (const [where, holderOf] of [
      ['the class', () => PerMessageDeflate.prototype],
      ['an object', (peer) => peer._extensions['permessage-deflate']]
    ]) {
      it(`on ${where} is called for each message, with ${ioThreads} I/O threads`, async (t) => {
        const { client, peer } = await open(t, ioThreads);

        peer.send('before');
        assert.strictEqual(
          String((await once(client, 'message'))[0]),
          'before'
        );

        const compress = t.mock.method(holderOf(peer), 'compress');

        peer.send('hello');
        assert.strictEqual(String((await once(client, 'message'))[0]), 'hello');
        assert.deepStrictEqual(
          compress.mock.calls.map(({ arguments: [data, fin] }) => [
            String(data),
            fin
          ]),
          [['hello', true]]
        );
        compress.mock.restore();
        peer.send('after');
        assert.strictEqual(String((await once(client, 'message'))[0]), 'after');
      });
    }
  }
});

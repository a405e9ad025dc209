'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const ours = require('../..');
const theirs = require('ws');

/** The server's side of a connection, of a class that is made of the package's. */
async function open(t, lib, classOf = ({ WebSocket }) => WebSocket) {
  const wss = new lib.WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    WebSocket: classOf(lib)
  });

  t.after(() => wss.close());
  await once(wss, 'listening');

  const client = new lib.WebSocket(`ws://127.0.0.1:${wss.address().port}`);

  t.after(() => client.terminate());

  const [[ws]] = await Promise.all([
    once(wss, 'connection'),
    once(client, 'open')
  ]);

  return { client, ws, wss };
}

describe('What untracks a connection', () => {
  it("is its first listener to 'close', and is found as with ws", async (t) => {
    for (const lib of [theirs, ours]) {
      const { ws } = await open(t, lib);

      assert.deepStrictEqual(ws.eventNames(), ['close']);
      assert.strictEqual(ws.listenerCount('close'), 1);
      ws.on('message', () => {});
      assert.deepStrictEqual(ws.eventNames(), ['close', 'message']);
    }
  });

  it('leaves the other listeners when it is taken away', async (t) => {
    for (const lib of [theirs, ours]) {
      const { client, ws, wss } = await open(t, lib);
      const [untrack] = ws.listeners('close');

      ws.on('message', (data) => ws.send(data));
      ws.off('close', untrack);
      client.send('echo');

      const [data] = await once(client, 'message');

      assert.strictEqual(String(data), 'echo');
      ws.terminate();
      await once(ws, 'close');
      assert.strictEqual(wss.clients.size, 1);
      wss.clients.clear();
    }
  });

  it('is seen by an on() of the class of the connection', async (t) => {
    for (const lib of [theirs, ours]) {
      const seen = [];

      await open(t, lib, ({ WebSocket }) => {
        return class extends WebSocket {
          on(event, listener) {
            seen.push(event);
            return super.on(event, listener);
          }
        };
      });
      assert.deepStrictEqual(seen, ['close']);
    }
  });
});

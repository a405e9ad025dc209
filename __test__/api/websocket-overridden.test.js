'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { portOf } = require('../support/raw-http');

const skip =
  process.env.WS_RS_IO_THREADS !== undefined &&
  'I/O threads answer pings before JavaScript can look';

// Tests of programs put attributes on connections, and classes override them.
for (const [name, { WebSocket, WebSocketServer }] of [
  ['ws', require('ws')],
  ['this package', require('../..')]
]) {
  describe(`What stands in for an attribute counts, with ${name}`, () => {
    /** An open pair of a class. */
    async function open(t, Class = WebSocket) {
      const wss = new WebSocketServer({ port: 0, WebSocket: Class });
      const connected = once(wss, 'connection');
      const client = new Class(`ws://127.0.0.1:${await portOf(wss)}`);

      t.after(() => {
        for (const ws of wss.clients) ws._socket.destroy();
        wss.close();
      });

      const [peer] = await connected;

      if (client._readyState === 0) await once(client, 'open');
      return { client, peer };
    }

    function putState(websocket, state) {
      Object.defineProperty(websocket, 'readyState', {
        configurable: true,
        get: () => state
      });
    }

    it('a readyState above OPEN: nothing is sent', async (t) => {
      const { client, peer } = await open(t);
      const seen = [];

      peer.on('message', (data) => seen.push(String(data)));
      peer.on('ping', () => seen.push('ping'));
      putState(client, 3);

      for (const method of ['send', 'ping', 'pong']) {
        await new Promise((resolve) => {
          client[method]('lost', (err) => {
            assert.strictEqual(
              err.message,
              'WebSocket is not open: readyState 3 (CLOSED)'
            );
            resolve();
          });
        });
      }

      client.close();
      client.terminate();
      delete client.readyState;
      client.send('arrives');
      await once(peer, 'message');
      assert.deepStrictEqual(seen, ['arrives']);
    });

    it('a readyState of CONNECTING: send() throws', async (t) => {
      const { client } = await open(t);

      putState(client, 0);

      for (const method of ['send', 'ping', 'pong']) {
        assert.throws(() => client[method]('x'), {
          message: 'WebSocket is not open: readyState 0 (CONNECTING)'
        });
      }
    });

    it(
      'a readyState above OPEN: pings are not answered',
      { skip },
      async (t) => {
        const { client, peer } = await open(t);
        const seen = [];

        client.on('pong', (data) => seen.push(String(data)));
        putState(peer, 2);
        client.ping('not answered');
        await once(peer, 'ping');
        delete peer.readyState;
        client.ping('answered');
        await once(client, 'pong');
        assert.deepStrictEqual(seen, ['answered']);
      }
    );

    it('a readyState of a class', async (t) => {
      const asked = [];

      class Watched extends WebSocket {
        get readyState() {
          asked.push(this._isServer);
          return super.readyState;
        }
      }

      const { client, peer } = await open(t, Watched);

      asked.length = 0;
      client.send('x');
      await once(peer, 'message');
      assert.ok(asked.length > 0);
      assert.ok(!asked.includes(true));
    });

    it('a binaryType of a class', async (t) => {
      class Typed extends WebSocket {
        get binaryType() {
          return 'arraybuffer';
        }

        set binaryType(type) {
          assert.fail(type);
        }
      }

      const { client, peer } = await open(t, Typed);

      for (const [from, to] of [
        [client, peer],
        [peer, client]
      ]) {
        for (let i = 0; i < 3; i++) {
          from.send(Buffer.from('abc'));

          const [data] = await once(to, 'message');

          assert.ok(data instanceof ArrayBuffer, String(data));
          assert.strictEqual(data.byteLength, 3);
          // By now it is promoted.
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    });
  });
}

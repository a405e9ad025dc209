'use strict';

// npm ws as the peer, as a client and as a server.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const reference = require('ws');

const own = require('../index');
const { everyParameter, messages } = require('./support/deflate');
const {
  bytesOf,
  connect,
  inbox,
  LENGTHS,
  listen,
  textOf
} = require('./support/peers');

const PAIRS = [
  ['ws-rs', own, 'ws', reference],
  ['ws', reference, 'ws-rs', own]
];

const EXTENSIONS = [
  ['without compression', false],
  ['with permessage-deflate', { threshold: 0 }]
];

for (const [serverName, { Server }, clientName, Client] of PAIRS) {
  for (const [extensionName, perMessageDeflate] of EXTENSIONS) {
    describe(`${clientName} at a server of ${serverName}, ${extensionName}`, () => {
      async function open(t, serverOptions, clientOptions) {
        const server = await listen(t, Server, {
          perMessageDeflate,
          ...serverOptions
        });

        return connect(server, Client, { perMessageDeflate, ...clientOptions });
      }

      it('agrees on the extension', async (t) => {
        for (const { extensions } of await open(t)) {
          assert.strictEqual(
            extensions,
            perMessageDeflate ? 'permessage-deflate' : ''
          );
        }
      });

      it('gives and gets text and binary of every length', async (t) => {
        const ends = await open(t);
        const data = LENGTHS.flatMap((n) => [textOf(n), bytesOf(n)]);

        for (const [from, to] of [ends, [ends[1], ends[0]]]) {
          const take = inbox(to);

          for (const item of data) from.send(item);
          assert.deepStrictEqual(await take(data.length), data);
        }
      });

      it('gives and gets fragments, with pings between them', async (t) => {
        const [server, client] = await open(t);

        for (const [from, to] of [
          [server, client],
          [client, server]
        ]) {
          const take = inbox(to);
          const pinged = once(to, 'ping');
          const ponged = once(from, 'pong');

          from.send('one ', { fin: false });
          from.ping('between');
          from.send(textOf(70_000), { fin: false });
          from.send('', { fin: false });
          from.send(' two');
          from.send(bytesOf(300), { fin: false });
          from.send(bytesOf(200));

          assert.deepStrictEqual(await pinged, [Buffer.from('between')]);
          assert.deepStrictEqual(await ponged, [Buffer.from('between')]);
          assert.deepStrictEqual(await take(2), [
            `one ${textOf(70_000)} two`,
            Buffer.concat([bytesOf(300), bytesOf(200)])
          ]);
        }
      });

      it('answers pings of every length', async (t) => {
        const [server, client] = await open(t);

        for (const ws of [server, client]) {
          for (const length of [0, 1, 124, 125]) {
            const ponged = once(ws, 'pong');

            ws.ping(bytesOf(length));
            assert.deepStrictEqual(await ponged, [bytesOf(length)]);
          }
        }
      });

      it('closes from either side with a code and a reason', async (t) => {
        for (const [args, code] of [
          [[], 1005],
          [[1000], 1000],
          [[1001, 'away'], 1001],
          [[4999, 'é'.repeat(61)], 4999]
        ]) {
          for (const first of [0, 1]) {
            const ends = await open(t);
            const closes = ends.map((ws) => once(ws, 'close'));

            ends[first].close(...args);
            for (const close of closes) {
              const [its, reason] = await close;

              assert.strictEqual(its, code);
              assert.strictEqual(String(reason), args[1] ?? '');
            }
          }
        }
      });

      it('tells the peer why a message was refused', async (t) => {
        for (const side of [0, 1]) {
          const limit = { maxPayload: 1000 };
          const ends = await open(t, ...(side === 0 ? [limit] : [{}, limit]));
          const refusing = ends[side];
          const closed = once(ends[1 - side], 'close');
          const failed = once(refusing, 'error');

          ends[1 - side].send(bytesOf(1001));
          const [error] = await failed;
          const [code] = await closed;

          assert.strictEqual(error.code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
          assert.strictEqual(code, 1009);
        }
      });

      it('closes with 1006 when either side is gone', async (t) => {
        for (const side of [0, 1]) {
          const ends = await open(t);
          const closed = once(ends[1 - side], 'close');

          ends[side].terminate();
          assert.strictEqual((await closed)[0], 1006);
        }
      });

      it('agrees on a subprotocol', async (t) => {
        const server = await listen(t, Server, {
          handleProtocols: (protocols) => [...protocols][1]
        });

        for (const { protocol } of await connect(server, Client, ['a', 'b'])) {
          assert.strictEqual(protocol, 'b');
        }
      });
    });
  }

  describe(`${clientName} at a server of ${serverName}, all parameters`, () => {
    it('gives and gets messages with each of them', async (t) => {
      const data = messages(11);

      for (const options of everyParameter()) {
        const server = await listen(t, Server, { perMessageDeflate: options });
        const ends = await connect(server, Client, {
          perMessageDeflate: options
        });

        for (const [from, to] of [ends, [ends[1], ends[0]]]) {
          const take = inbox(to);

          for (const item of data) from.send(item);
          assert.deepStrictEqual(
            await take(data.length),
            data,
            JSON.stringify(options)
          );
        }

        const closed = once(ends[0], 'close');
        ends[1].close();
        await closed;
      }
    });
  });
}

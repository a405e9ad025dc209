'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { openRaw, warmUp } = require('../support/deflating-peer');
const { TEXT, frame } = require('../support/frames');
const { until } = require('../support/loop');
const { skipThreads: skip, openThreaded } = require('../support/threads');

const MASK = Buffer.from([1, 2, 3, 4]);

describe(
  'Messages that I/O threads cannot inflate or compress',
  { skip },
  () => {
    it('end their connection if they are longer than maxPayload', async (t) => {
      for (const takeover of [true, false]) {
        const { peer, ws } = await openRaw(
          t,
          { maxPayload: 1024 * 1024 },
          takeover
        );
        const lengths = [];

        ws.on('message', (data) => lengths.push(data.length));
        await warmUp({ peer, ws });

        const failed = once(ws, 'error');
        const closed = new Promise((resolve) =>
          ws.once('close', (...args) => resolve(args))
        );

        // The first is longer than a thread makes of one.
        peer.socket.write(await peer.compressed(Buffer.alloc(1024 * 1024)));
        peer.socket.write(await peer.compressed('between'));
        peer.socket.write(await peer.compressed(Buffer.alloc(1024 * 1024 + 1)));
        peer.socket.write(await peer.compressed('behind'));

        const [err] = await failed;

        assert.strictEqual(err.code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
        assert.deepStrictEqual(lengths, [5, 1024 * 1024, 7]);
        const [code] = await closed;
        assert.strictEqual(code, 1006);
        assert.strictEqual(peer.frames.at(-1).payload.readUInt16BE(), 1009);
      }
    });

    it('end their connection if they are corrupt or no text', async (t) => {
      for (const [payload, text, code] of [
        [Buffer.from([0xff, 0xff]), /invalid/i, 1007],
        [null, /invalid UTF-8/, 1007]
      ]) {
        const { peer, ws } = await openRaw(t);
        const messages = [];

        ws.on('message', (data) => messages.push(String(data)));
        await warmUp({ peer, ws });

        const bad =
          payload === null
            ? await peer.compressed(Buffer.from([0xc3, 0x28]))
            : frame(TEXT, payload, { mask: MASK, rsv: 4 });

        const failed = once(ws, 'error');

        peer.socket.write(
          Buffer.concat([await peer.compressed('before'), bad])
        );
        peer.socket.write(await peer.compressed('behind'));

        const [err] = await failed;

        assert.match(err.message, text);
        assert.deepStrictEqual(messages, ['first', 'before']);
        await until(() => peer.frames.length > 0);
        assert.strictEqual(peer.frames.at(-1).payload.readUInt16BE(), code);
      }
    });

    it('are left out if their memory is taken away before', async (t) => {
      const { pairs } = await openThreaded(t, 1, {
        perMessageDeflate: { threshold: 0 }
      });
      const [{ client, peer }] = pairs;
      const results = [];
      const received = [];
      const data = new Uint8Array(1000).fill(97);

      client.on('message', (message) => received.push(String(message)));
      peer.send('before', (err) => results.push(err?.code));
      peer.send(data, (err) => results.push(err?.code));
      peer.send('behind', (err) => results.push(err?.code));
      structuredClone(data.buffer, { transfer: [data.buffer] });
      await until(() => results.length === 3 && received.length === 2);
      assert.deepStrictEqual(received, ['before', 'behind']);
      assert.deepStrictEqual(results, [
        undefined,
        'WS_RS_DATA_DETACHED',
        undefined
      ]);
    });

    it('count as long as it can be seen, and fail with the socket', async (t) => {
      const { pairs } = await openThreaded(t, 1, {
        perMessageDeflate: { threshold: 0 }
      });
      const [{ client, peer }] = pairs;
      const events = [];

      client.on('message', () => events.push('message'));
      peer.on('close', () => events.push('close'));
      peer.send('one', (err) => events.push(err.message));
      peer.send('two', (err) => events.push(err.message));
      assert.strictEqual(peer.bufferedAmount, 6);
      peer.terminate();
      await until(() => events.includes('close'));
      assert.deepStrictEqual(events, [
        'The socket was closed while data was being compressed',
        'The socket was closed while data was being compressed',
        'close'
      ]);
    });
  }
);

'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { skip, turns, until } = require('../support/loop');
const { openTls, serveTls } = require('../support/own-tls');

const LENGTH = 200_000;
const COUNT = 100;

describe('Payloads that are taken away over TLS', { skip }, () => {
  for (const ioThreads of [0, 1]) {
    for (const lost of [1, 3]) {
      it(`never become another's: ${lost} of them, ioThreads: ${ioThreads}`, async (t) => {
        const server = await serveTls(t, {}, { ioThreads });
        const { client, peer } = await openTls(t, server);
        const payloads = [];
        const fates = [];
        const got = [];
        let isClosed = false;

        client.on('error', () => {});
        client.on('message', (data) => got.push(data));
        client.on('close', () => (isClosed = true));
        peer.on('error', () => {});
        client._socket.pause();

        for (let i = 0; i < COUNT; i++) {
          payloads.push(Buffer.alloc(LENGTH, i + 1));
          peer.send(payloads[i], (err) => (fates[i] = err?.code ?? 'ok'));
          if (i % 10 === 0) await turns(2);
        }
        await turns(20);

        // The kernel has a part of the first of these, in records.
        const first = fates.length;

        for (let i = first; i < first + lost; i++) {
          const { buffer } = payloads[i];

          structuredClone(buffer, { transfer: [buffer] });
        }
        client._socket.resume();
        await until(() => isClosed || fates.filter(Boolean).length === COUNT);
        if (!isClosed) {
          const sent = fates.filter((fate) => fate === 'ok').length;

          await until(() => isClosed || got.length === sent);
        }
        for (const data of got) {
          assert.strictEqual(data.length, LENGTH);
          assert.ok(data.equals(Buffer.alloc(LENGTH, data[0])));
        }
        // In their order.
        const numbers = got.map((data) => data[0]);

        assert.deepStrictEqual(
          numbers,
          numbers.toSorted((a, b) => a - b)
        );
        assert.ok(got.length >= first);
        if (isClosed) assert.ok(fates.includes('WS_RS_DATA_DETACHED'));
      });
    }
  }
});

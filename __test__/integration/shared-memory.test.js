'use strict';

// Payloads in memory that another thread writes to meanwhile: what arrives is of the right length, and
// each byte is one that was there.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { Worker } = require('node:worker_threads');

const Receiver = require('../../lib/connection/receiver');
const { frame, MASK, TEXT } = require('../support/frames');
const { WebSocket } = require('../support/implementation');
const { portOf } = require('../support/raw-http');

const MEMORY = {
  'a SharedArrayBuffer': (size) => new SharedArrayBuffer(size),
  'a growable SharedArrayBuffer': (size) =>
    new SharedArrayBuffer(size, { maxByteLength: 2 * size }),
  'the memory of WebAssembly': () =>
    new WebAssembly.Memory({ initial: 16, maximum: 32, shared: true }).buffer
};

/** It writes "a" and "b" over all of the memory, by turns. */
const OVERWRITES = `
  const { parentPort, workerData } = require('node:worker_threads');
  const bytes = new Uint8Array(workerData);

  parentPort.postMessage('begins');
  for (let turn = 0; ; turn ^= 1) bytes.fill(0x61 + turn);
`;

describe('A payload that another thread writes to', () => {
  for (const [name, make] of Object.entries(MEMORY)) {
    for (const perMessageDeflate of [false, { threshold: 0 }]) {
      for (const size of [10, 5000, 300_000]) {
        const how = perMessageDeflate ? 'compressed' : 'as it is';

        it(`in ${name} is sent, ${size} bytes, ${how}`, async (t) => {
          const memory = make(size);
          const payload = new Uint8Array(memory, 0, size).fill(0x61);
          const worker = new Worker(OVERWRITES, {
            eval: true,
            workerData: memory
          });

          t.after(() => worker.terminate());
          await once(worker, 'message');

          const wss = new WebSocket.Server({
            host: '127.0.0.1',
            perMessageDeflate,
            port: 0
          });

          t.after(() => wss.close());

          const client = new WebSocket(`ws://127.0.0.1:${await portOf(wss)}`);
          const [[server]] = await Promise.all([
            once(wss, 'connection'),
            once(client, 'open')
          ]);

          t.after(() => client.terminate());

          for (const [from, to] of [
            [client, server],
            [server, client]
          ]) {
            const seen = [];
            const hasAll = new Promise((resolve, reject) => {
              to.on('message', (data) => {
                seen.push(data);
                if (seen.length === 3) resolve();
              });
              to.on('error', reject);
            });

            from.send(payload);
            from.send(Buffer.from(memory, 0, size), { compress: false });
            from._sender.sendFrame([headerOf(size, from), payload]);
            await hasAll;
            for (const data of seen) {
              const isWhole = data.length === size;
              const isOurs = data.every(
                (byte) => byte === 0x61 || byte === 0x62
              );

              assert.ok(isWhole && isOurs, `${data.length} bytes`);
            }
          }
        });
      }
    }
  }
});

describe('What a stream has pushed in memory that another thread writes to', () => {
  for (const [name, make] of Object.entries(MEMORY)) {
    it(`in ${name} is decoded from a copy, and stays as it is`, async () => {
      const bytes = frame(TEXT, 'Hello', { mask: MASK });
      const chunk = Buffer.from(make(100), 0, bytes.length);
      const receiver = new Receiver({ isServer: true });
      const received = once(receiver, 'message');

      bytes.copy(chunk);
      receiver.write(chunk);

      const [data] = await received;

      assert.strictEqual(String(data), 'Hello');
      assert.deepStrictEqual(chunk, bytes);
      chunk.fill(0);
      assert.strictEqual(String(data), 'Hello');
    });
  }
});

/** The header of a binary frame; a client's is masked with zeros. */
function headerOf(size, from) {
  const length =
    size < 126
      ? [size]
      : size < 65_536
        ? [126, size >> 8, size & 0xff]
        : [127, 0, 0, 0, 0, 0, size >> 16, (size >> 8) & 0xff, size & 0xff];
  const isMasked = !from._isServer;

  if (isMasked) length[0] |= 0x80;
  return Buffer.from([0x82, ...length, ...(isMasked ? [0, 0, 0, 0] : [])]);
}

'use strict';

const assert = require('node:assert');
const { Duplex } = require('node:stream');
const { describe, it } = require('node:test');

const lend = require('../../lib/wire/lent-chunks');
const { closeOf, openTlsPair } = require('../support/pairs');
const { eventually } = require('../support/patience');

const SIZE = 20_000;
const WAYS = {
  detached: (buffer) => structuredClone(buffer, { transfer: [buffer] }),
  'made shorter': (buffer) => buffer.resize(SIZE - 1)
};

function payload() {
  return new Uint8Array(new ArrayBuffer(SIZE, { maxByteLength: 2 * SIZE }));
}

/** A stream that is busy until `go()`, and what it has written since. */
function openBusy(methods = {}) {
  const written = [];
  let go;

  const stream = new Duplex({
    read() {},
    write(chunk, encoding, callback) {
      if (go) written.push(chunk);
      else go = callback;
      if (written.length > 0) callback();
    },
    ...methods
  });

  stream.on('error', () => {});
  stream.write('busy');
  return { go: () => go(), stream, written };
}

describe('A payload that waits in a stream', () => {
  for (const [how, takeAway] of Object.entries(WAYS)) {
    for (const name of ['_write', '_writev']) {
      it(`is not written by ${name}() when it was ${how}, nor is what is behind it`, async () => {
        const batches = [];
        const { go, stream, written } = openBusy(
          name === '_writev' && {
            writev(chunks, callback) {
              batches.push(chunks.map(({ chunk }) => chunk.length));
              callback();
            }
          }
        );
        const bytes = payload();
        const outcomes = [];
        const told = [];

        stream.write(
          lend(stream, bytes, (err) => told.push(err.code)),
          (err) => outcomes.push(err?.code)
        );
        stream.write('behind', (err) => outcomes.push(err?.code));
        takeAway(bytes.buffer);
        go();
        await eventually(() => stream.closed);
        assert.deepStrictEqual(outcomes, Array(2).fill('WS_RS_DATA_DETACHED'));
        assert.deepStrictEqual(told, ['WS_RS_DATA_DETACHED']);
        assert.deepStrictEqual([...written, ...batches], []);
      });
    }
  }

  it('is written as it is, from the same memory, when it is still there', async () => {
    const { go, stream, written } = openBusy();
    const bytes = payload().subarray(10, 30);

    stream.write(lend(stream, bytes, assert.fail));
    stream.write('behind');
    bytes.buffer.resize(2 * SIZE);
    bytes[0] = 7;
    go();
    await eventually(() => written.length === 2);
    assert.strictEqual(written[0].buffer, bytes.buffer);
    assert.deepStrictEqual([...written[0]], [7, ...Array(19).fill(0)]);
  });

  it('is a copy where the stream cannot be made to look', () => {
    const { stream } = openBusy();
    const bytes = payload();
    const chunk = lend(Object.preventExtensions(stream), bytes, assert.fail);

    WAYS.detached(bytes.buffer);
    assert.strictEqual(chunk.length, SIZE);
  });

  it('ends its connection over TLS, whose frames behind it are lost, not its payload', async (t) => {
    const { client, peer } = await openTlsPair(t, {
      client: { perMessageDeflate: false }
    });
    const received = [];
    const outcomes = [];
    const errors = [];
    const bytes = payload();
    const note = (err) => outcomes.push(err?.code ?? null);

    client.on('error', () => {});
    client.on('message', (data) => received.push(data.length));
    peer.on('error', (err) => errors.push(err.code));
    client.pause();
    // More than the kernel takes of one write; what follows waits in the stream.
    peer.send(Buffer.alloc(16 << 20));
    await eventually(() => peer._socket.writableLength > 0);
    peer.send(bytes, note);
    peer.send('behind', note);
    WAYS.detached(bytes.buffer);
    client.resume();
    await Promise.all([closeOf(peer), closeOf(client)]);
    assert.deepStrictEqual(outcomes, Array(2).fill('WS_RS_DATA_DETACHED'));
    assert.deepStrictEqual(errors, ['WS_RS_DATA_DETACHED']);
    assert.ok(received.every((length) => length === 16 << 20));
  });
});

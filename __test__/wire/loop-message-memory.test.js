'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');

const { openLoopPair, openOnLoop, skip, until } = require('../support/loop');
const {
  BINARY,
  CONTINUATION,
  frame,
  PING,
  TEXT
} = require('../support/frames');
const { start } = require('../support/conversation');
const { inbox } = require('../support/peers');

/** Ways of a program to take the memory of a message away, by name. */
const TAKING = {
  'a transfer': ({ buffer }) => structuredClone(buffer, { transfer: [buffer] }),
  'postMessage()': ({ buffer }) => {
    const { port1, port2 } = new MessageChannel();

    port1.postMessage(buffer, [buffer]);
    port1.close();
    port2.close();
  },
  'a byte stream': (data) =>
    new ReadableStream({
      type: 'bytes',
      start: (controller) => controller.enqueue(data)
    })
};

for (const name of ['transfer', 'transferToFixedLength']) {
  if (name in ArrayBuffer.prototype) {
    TAKING[`${name}()`] = ({ buffer }) => buffer[name]();
  }
}

const SIZES = [1, 125, 126, 600, 1024, 1025, 5000, 20_000, 100_000, 600_000];

describe('The memory of a message on loop', { skip }, () => {
  for (const [name, take] of Object.entries(TAKING)) {
    it(`may be taken away by ${name}: nothing else is lost`, async (t) => {
      const pairs = [];
      const kept = [];
      let taken = 0;

      for (let i = 0; i < 3; i++) pairs.push(await openLoopPair(t));
      pairs[0].peer.on('message', (data) => {
        assert.ok(data.every((byte) => byte === 0));
        take(data);
        assert.strictEqual(data.length, 0);
        taken++;
      });
      for (const i of [1, 2]) {
        pairs[i].peer.on('message', (data) => kept.push([data, i]));
      }
      for (const [n, size] of [...SIZES, ...SIZES, 7, 7, 7].entries()) {
        for (const [i, { client }] of pairs.entries()) {
          client.send(Buffer.alloc(size, i));
        }
        await until(() => taken === n + 1 && kept.length === 2 * (n + 1));
      }
      for (const [data, i] of kept) {
        assert.ok(data.length > 0 && data.every((byte) => byte === i));
      }
    });

    it(`may be taken by ${name} while others of its chunk are to come`, async (t) => {
      const { ws, write } = await raw(t);
      const texts = Array.from({ length: 150 }, (_, i) => `message ${i}`);
      const seen = [];

      ws.on('message', (data) => {
        seen.push(String(data));
        take(data);
      });
      write(Buffer.concat(texts.map((text) => frameOf(TEXT, text))));
      await until(() => seen.length === texts.length);
      assert.deepStrictEqual(seen, texts);
    });
  }

  it('is not written to any more, whatever comes', async (t) => {
    const pairs = [await openLoopPair(t), await openLoopPair(t)];
    const streams = [];
    let count = 0;

    for (const { peer } of pairs) {
      peer.on('message', (data) => {
        count++;
        streams.push(
          new ReadableStream({
            type: 'bytes',
            start: (controller) => controller.enqueue(data)
          })
        );
      });
    }
    for (let i = 0; i < 50; i++) {
      for (const { client } of pairs) client.send(Buffer.alloc(100, i));
      await until(() => count === 2 * (i + 1));
    }
    for (const [i, stream] of streams.entries()) {
      const { value } = await stream.getReader().read();

      assert.deepStrictEqual(
        Buffer.from(value),
        Buffer.alloc(100, i >> 1),
        `message ${i}`
      );
    }
  });

  it('is never that of another connection', async (t) => {
    const pairs = [];
    const owners = new Map();
    let count = 0;

    for (let i = 0; i < 5; i++) pairs.push(await openLoopPair(t));
    for (const [i, { peer, client }] of pairs.entries()) {
      for (const [ws, owner] of [
        [peer, `peer ${i}`],
        [client, `client ${i}`]
      ]) {
        const note = ({ buffer, length }) => {
          count++;
          if (length === 0) return;
          assert.ok([undefined, owner].includes(owners.get(buffer)));
          owners.set(buffer, owner);
        };

        ws.on('message', note);
        ws.on('ping', note);
        ws.on('pong', note);
      }
    }
    for (const size of [...SIZES, 100, 100, 100, 16, 16]) {
      const before = count;

      for (const { client, peer } of pairs) {
        client.send(Buffer.alloc(size));
        peer.send(Buffer.alloc(size));
        client.ping('ping');
      }
      // Two messages, a ping and its pong for each.
      await until(() => count === before + 4 * pairs.length);
    }
  });

  it('is not much more than the message', async (t) => {
    const { client, peer } = await openLoopPair(t);
    const take = inbox(peer);

    for (const size of [...SIZES, ...SIZES.toReversed(), 100_000, 5, 5, 5]) {
      for (let i = 0; i < 4; i++) {
        client.send(Buffer.alloc(size));

        const [{ buffer }] = await take(1);
        const most = Math.max(2048, size * (size <= 1024 ? 32 : 1.25) + 64);

        assert.ok(buffer.byteLength <= most, `${size}: ${buffer.byteLength}`);
      }
    }
  });

  it('of many messages in one chunk is not that of all', async (t) => {
    const { ws, write } = await raw(t);
    const seen = [];

    ws.on('message', (data) => seen.push(data));
    write(
      Buffer.concat(Array(500).fill(frameOf(BINARY, Buffer.alloc(100, 5))))
    );
    await until(() => seen.length === 500);
    for (const data of seen) {
      assert.ok(data.buffer.byteLength <= 2048, data.buffer.byteLength);
      assert.ok(data.equals(Buffer.alloc(100, 5)));
    }
  });

  it('behind a long message is not that of the long one', async (t) => {
    for (const behind of [TEXT, PING]) {
      const { ws, write } = await raw(t);
      const seen = [];
      const total = 60_000;

      ws.on('message', (data) => seen.push(data));
      ws.on('ping', (data) => seen.push(data));
      for (let i = 1; i < 6; i++) {
        write(
          Buffer.concat([
            frameOf(BINARY, Buffer.alloc(total, i)),
            frameOf(behind, 'small')
          ])
        );
        await until(() => seen.length === 2 * i);
        assert.ok(seen.at(-2).equals(Buffer.alloc(total, i)));
        assert.strictEqual(String(seen.at(-1)), 'small');
        assert.ok(seen.at(-1).buffer.byteLength <= 2048);
      }
    }
  });

  it('of a fragmented message is its own', async (t) => {
    const { ws, write } = await raw(t);
    const take = inbox(ws);
    const bytes = Buffer.concat([
      frameOf(BINARY, 'one', { fin: false }),
      frameOf(PING, 'between'),
      frameOf(CONTINUATION, ' two'),
      frameOf(TEXT, 'next')
    ]);

    for (let i = 0; i < 3; i++) {
      write(bytes);

      const [whole, next] = await take(2);

      assert.strictEqual(String(whole), 'one two');
      assert.ok(whole.buffer.byteLength < 64);
      structuredClone(whole.buffer, { transfer: [whole.buffer] });
      assert.strictEqual(String(next), 'next');
    }
  });

  it('cut into pieces at every byte arrives as it was sent', async (t) => {
    const { ws, write } = await raw(t);
    const take = inbox(ws);
    const bytes = Buffer.concat([
      frameOf(TEXT, 'first'),
      frameOf(TEXT, 'second')
    ]);

    for (let at = 1; at < bytes.length; at++) {
      write(bytes.subarray(0, at));
      await delay(1);
      write(bytes.subarray(at));

      const got = await take(2);

      assert.deepStrictEqual(got.map(String), ['first', 'second']);
    }
  });

  for (const binaryType of ['arraybuffer', 'fragments', 'blob']) {
    it(`may be taken away as ${binaryType}`, async (t) => {
      const { client, peer } = await openLoopPair(t);
      const other = await openLoopPair(t);
      const takeOther = inbox(other.peer);
      const seen = [];

      peer.binaryType = binaryType;
      peer.on('message', (data) => seen.push(data));
      for (const [i, size] of [10, 200, 2000, 100_000, 10].entries()) {
        client.send(Buffer.alloc(size, i));
        client.send(Buffer.alloc(size, i));
        other.client.send(Buffer.alloc(size, 99));

        const [untouched] = await takeOther(1);

        await until(() => seen.length === 2 * (i + 1));
        for (const data of seen.slice(-2)) {
          const buffer =
            binaryType === 'blob'
              ? await data.arrayBuffer()
              : binaryType === 'fragments'
                ? data[0].buffer
                : data;

          if (binaryType !== 'fragments') {
            assert.strictEqual(buffer.byteLength, size);
            assert.ok(new Uint8Array(buffer).every((byte) => byte === i));
          }
          if (buffer.byteLength > 0) {
            structuredClone(buffer, { transfer: [buffer] });
          }
        }
        assert.ok(untouched.equals(Buffer.alloc(size, 99)));
      }
    });
  }

  it('is cloned for a worker in about its own size', async (t) => {
    const { client, peer } = await openLoopPair(t);
    const worker = new Worker(
      `require('node:worker_threads').parentPort.on('message', function (data) {
        this.postMessage([data.buffer.byteLength, Buffer.from(data).toString()]);
      });`,
      { eval: true }
    );

    t.after(() => worker.terminate());
    peer.on('message', (data) => worker.postMessage(data));
    for (let i = 0; i < 30; i++) {
      const text = `${i}`.padEnd(100);

      client.send(text);

      const [[size, got]] = await once(worker, 'message');

      assert.ok(size <= 4096, size);
      assert.strictEqual(got, text);
    }
  });

  it('may be detached while the connection is paused, or waits', async (t) => {
    const options = { allowSynchronousEvents: false };
    const { client, peer } = await openLoopPair(t, { server: options });
    const seen = [];

    peer.on('message', (data) => {
      seen.push(String(data));
      structuredClone(data.buffer, { transfer: [data.buffer] });
      if (seen.length % 10 === 0) {
        peer.pause();
        setTimeout(() => peer.resume(), 2);
      }
    });
    for (let i = 0; i < 50; i++) client.send(`${i}`);
    await until(() => seen.length === 50);
    assert.deepStrictEqual(
      seen,
      Array.from({ length: 50 }, (_, i) => `${i}`)
    );
  });

  it('is there when a listener before it has thrown', async (t) => {
    const { ws, write } = await raw(t);
    const other = await openLoopPair(t);
    const texts = Array.from({ length: 20 }, (_, i) => `text ${i}`);
    const seen = [];
    const thrown = [];
    const listeners = process.listeners('uncaughtException');

    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (err) => thrown.push(err.message));
    t.after(() => {
      process.removeAllListeners('uncaughtException');
      for (const each of listeners) process.on('uncaughtException', each);
    });
    other.peer.on('message', () => {});
    ws.on('message', (data) => {
      seen.push(String(data));
      // What is read next must not be where the rest of this chunk was.
      other.client.send('Z'.repeat(1000));
      if (seen.length % 7 === 0) throw new Error(`at ${seen.length}`);
    });
    write(Buffer.concat(texts.map((text) => frameOf(TEXT, text))));
    await until(() => seen.length === texts.length);
    assert.deepStrictEqual(seen, texts);
    assert.deepStrictEqual(thrown, ['at 7', 'at 14']);
  });

  it('is the same for the receiver that a listener asks for', async (t) => {
    const { ws, write } = await raw(t);
    const texts = Array.from({ length: 100 }, (_, i) => `text ${i}`);
    const seen = [];

    ws.on('message', (data) => {
      seen.push(String(data));
      if (seen.length === 3) assert.ok(ws._receiver);
      structuredClone(data.buffer, { transfer: [data.buffer] });
    });
    write(Buffer.concat(texts.map((text) => frameOf(TEXT, text))));
    await until(() => seen.length === texts.length);
    assert.deepStrictEqual(seen, texts);
  });
});

/** A server's end on loop, and what writes bytes to it. */
async function raw(t) {
  const conversation = await openOnLoop(await start(t, 'server'));

  return {
    ws: conversation.ws,
    write: (bytes) => conversation.write(bytes)
  };
}

function frameOf(opcode, payload, options) {
  return frame(opcode, payload, {
    mask: Buffer.from([1, 2, 3, 4]),
    ...options
  });
}

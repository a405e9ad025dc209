'use strict';

const assert = require('node:assert');
const { createHash, randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const native = require('../../lib/native');
const Outbox = require('../../lib/wire/outbox');
const { announce } = require('../../lib/wire/taken-socket');
const Tick = require('../../lib/wire/tick');
const { hex, tick } = require('../support/events');
const { SLOWNESS } = require('../support/machine');
const { collect, duplexPair, openDuplexPair } = require('../support/pairs');

/** An emulated machine was seen to need 250 of its 2,000. */
const ATTEMPTS = 100 * SLOWNESS;

const FIN_TEXT = 0x81;
const FIN_BINARY = 0x82;

function sha256(...chunks) {
  const hash = createHash('sha256');

  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/** An outbox of its own, over a duplex; frees what it holds. */
function createOutbox(t) {
  const [socket] = duplexPair();
  const id = native.connectionCreate(true, 0, 0, 0, 0);
  const outbox = new Outbox(socket, id);

  announce(socket, outbox);
  t.after(() => {
    outbox.free();
    native.connectionFree(id);
  });
  return { outbox, socket };
}

const nextTick = () => new Promise((resolve) => process.nextTick(resolve));

/**
 * Runs a scene until it goes as expected: frames wait for others no longer than
 * 100 us, which pass at any moment on a machine that is busy.
 */
async function inTime(t, scene) {
  for (let attempt = 1; ; attempt++) {
    await tick();

    try {
      return await scene(createOutbox(t));
    } catch (err) {
      if (attempt === ATTEMPTS) throw err;
    } finally {
      Tick.hasMoreMessages = false;
    }
  }
}

describe('Frames of one tick', () => {
  it('leave at once if they are the first three, and others at its end', async (t) => {
    await inTime(t, async ({ outbox, socket }) => {
      outbox.text('first', FIN_TEXT, false);
      assert.deepStrictEqual(socket.written, [hex('81 05 66 69 72 73 74')]);

      outbox.text('2', FIN_TEXT, false);
      outbox.text('3', FIN_TEXT, false);
      outbox.text('a', FIN_TEXT, false);
      outbox.bytes(Buffer.from('b'), FIN_BINARY, false);
      outbox.text('c', FIN_TEXT, false);
      outbox.bytes(Buffer.from('d'), FIN_BINARY, false);
      // Those that wait count as well, as with ws.
      assert.strictEqual(socket.writableLength, 7 + 6 * 3);
      await nextTick();
      // Each write waits for the one before it.
      while (socket.written.length < 4) await tick();
      assert.deepStrictEqual(socket.written.slice(3), [
        hex('81 01 61  82 01 62  81 01 63  82 01 64')
      ]);

      outbox.text('next', FIN_TEXT, false);
      assert.strictEqual(String(socket.written[4].subarray(2)), 'next');
    });
  });

  it('keep together what somebody else made as one', async (t) => {
    await inTime(t, ({ outbox, socket }) => {
      outbox.raw([hex('82 01'), 'a']);
      assert.deepStrictEqual(socket.written, [hex('82 01 61')]);
    });
  });

  it('wait for those of other messages of the chunk', async (t) => {
    await inTime(t, ({ outbox, socket }) => {
      Tick.hasMoreMessages = true;
      outbox.text('a', FIN_TEXT, false);
      outbox.text('b', FIN_TEXT, false);
      assert.deepStrictEqual(socket.written, []);
      Tick.hasMoreMessages = false;
      outbox.text('c', FIN_TEXT, false);
      assert.deepStrictEqual(socket.written, [
        hex('81 01 61  81 01 62  81 01 63')
      ]);
    });
  });

  it('leave at its end if the last message of a chunk sends nothing', async (t) => {
    await inTime(t, async ({ outbox, socket }) => {
      Tick.hasMoreMessages = true;
      outbox.text('a', FIN_TEXT, false);
      Tick.hasMoreMessages = false;
      assert.deepStrictEqual(socket.written, []);
      await nextTick();
      assert.deepStrictEqual(socket.written, [hex('81 01 61')]);
    });
  });

  it('leave within the tick when they are many bytes', (t) => {
    const { outbox, socket } = createOutbox(t);
    const data = Buffer.alloc(1000, 'a');

    for (let i = 0; i < 100; i++) outbox.bytes(data, FIN_BINARY, false);
    assert.ok(socket.writableLength > 90_000);
  });

  it('leave within the tick, with the next one, after some time', (t) => {
    const { outbox, socket } = createOutbox(t);

    // The first three do not wait for anything.
    for (const text of '1234') outbox.text(text, FIN_TEXT, false);
    for (const end = performance.now() + 1; performance.now() < end;);
    outbox.text('5', FIN_TEXT, false);
    assert.strictEqual(socket.writableLength, 5 * 3);
  });

  it('are masked with a key that is given', async (t) => {
    const { outbox, socket } = createOutbox(t);

    // RFC 6455, section 5.7.
    outbox.text('Hello', FIN_TEXT, true, 0x37fa213d);
    outbox.bytes(Buffer.from('Hello'), FIN_TEXT, true, 0x37fa213d);
    while (Buffer.concat(socket.written).length < 22) await tick();

    const hello = hex('81 85 37 fa 21 3d 7f 9f 4d 51 58');

    assert.deepStrictEqual(
      Buffer.concat(socket.written),
      Buffer.concat([hello, hello])
    );
  });

  it('are encoded as UTF-8, at all lengths', async (t) => {
    const { outbox, socket } = createOutbox(t);
    let size = 0;

    for (const text of ['é', '\ud83d\ude00', '\ud800', 'é'.repeat(20_000)]) {
      const bytes = Buffer.from(text);

      size = Buffer.concat(socket.written).length;
      outbox.text(text, FIN_TEXT, false);
      await tick();

      const written = Buffer.concat(socket.written).subarray(size);

      assert.deepStrictEqual(written.subarray(-bytes.length), bytes);
      assert.ok(written.length <= bytes.length + 4);
    }
  });

  it('leave a large payload where it is', async (t) => {
    const { client, peer } = openDuplexPair(t);
    const large = randomBytes(1 << 20);
    const before = sha256(large);

    peer.send('a');
    peer.send(large);
    peer._sender.sendFrame([hex('82 7f 00 00 00 00 00 10 00 00'), large]);
    peer.send('b');

    const events = await collect(client, 'message', 4);
    const uncopied = peer._socket.written.filter(
      (chunk) => chunk.buffer === large.buffer
    );

    assert.strictEqual(uncopied.length, 2);
    assert.strictEqual(sha256(large), before);
    assert.strictEqual(sha256(events[1][0]), before);
    assert.strictEqual(sha256(events[2][0]), before);
  });

  it('write frames of others as they are, whatever their header says', async (t) => {
    const { outbox, socket } = createOutbox(t);
    const got = [];

    const frames = [
      ['82 02', 'ab'],
      ['01 02', 'ab'],
      // RSV2 and RSV3.
      ['a2 02', 'ab'],
      ['92 02', 'ab'],
      // More bytes for the length than it takes, or a wrong one.
      ['82 7e 00 02', 'ab'],
      ['82 7f 00 00 00 00 00 00 00 02', 'ab'],
      ['82 03', 'ab'],
      // Masked.
      ['82 82 01 02 03 04', 'ab'],
      ['82 7e 00 c8', 'c'.repeat(200)],
      ['82 7e 00 ff', 'c'.repeat(200)],
      ['82 7e 9c 40', 'd'.repeat(40_000)],
      ['82 7e 9c 41', 'd'.repeat(40_000)],
      ['83 02', 'ab']
    ].map(([header, text]) => [hex(header), Buffer.from(text)]);
    let calls = 0;

    socket._write = (chunk, encoding, callback) => {
      got.push(chunk);
      callback();
    };

    for (const list of frames) {
      await new Promise((resolve, reject) => {
        outbox.raw(list, (err) => {
          calls++;
          if (err) reject(err);
          else resolve();
        });
      });
    }
    assert.strictEqual(calls, frames.length);
    assert.deepStrictEqual(Buffer.concat(got), Buffer.concat(frames.flat()));
  });
});

describe('Chunks of a frame of others', () => {
  it('throw what the socket throws, and none is sent', (t) => {
    const { outbox } = createOutbox(t);

    for (const list of [
      [undefined],
      [undefined, 'ab'],
      [hex('82 02'), 5],
      [hex('82 02'), {}]
    ]) {
      assert.throws(() => outbox.raw(list), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    assert.strictEqual(outbox.unwrittenLength, 0);
  });
});

describe('A socket that is gone', () => {
  it('fails frames that it cannot take any more, each once', async (t) => {
    const { outbox, socket } = createOutbox(t);
    const outcomes = [];

    socket.on('error', () => {});
    socket.destroy();
    await once(socket, 'close');
    outbox.text('a', FIN_TEXT, false, undefined, (err) => outcomes.push(err));
    outbox.raw([hex('82 00')], (err) => outcomes.push(err));
    outbox.bytes(Buffer.alloc(50_000), FIN_BINARY, false, undefined, (err) =>
      outcomes.push(err)
    );
    for (let i = 0; i < 5; i++) await tick();
    assert.strictEqual(outcomes.length, 3);
    for (const err of outcomes) {
      assert.strictEqual(err.code, 'ERR_STREAM_DESTROYED');
    }
  });
});

'use strict';

const assert = require('node:assert');
const { randomBytes } = require('node:crypto');
const { after, describe, it } = require('node:test');
const zlib = require('node:zlib');

const { createDeflater } = require('../../lib/compression/deflater');
const { createInflater } = require('../../lib/compression/inflater');
const Limiter = require('../../lib/compression/limiter');
const Sender = require('../../lib/connection/sender');
const WebSocket = require('../..');
const { noMemoryBack } = require('../support/machine');
const { evaluate } = require('../support/programs');

/** Connections that keep a whole compressor (crates/engine/src/compression/kept.rs). */
const KEPT = 256;

function deflate(deflater, data, reset = false) {
  return new Promise((resolve) =>
    deflater.run(data, true, reset, false, resolve)
  );
}

function inflate(inflater, data, limit = 0) {
  return new Promise((resolve) => {
    inflater.run(data, true, false, limit, false, resolve);
  });
}

describe('Compressors of many connections', () => {
  it('go on after what they sent when another one took their state', async () => {
    const count = KEPT + 40;
    const pairs = Array.from({ length: count }, () => ({
      deflater: createDeflater(15),
      inflater: createInflater(15)
    }));

    try {
      const firstLength = [];

      for (let round = 0; round < 4; round++) {
        for (const [i, { deflater, inflater }] of pairs.entries()) {
          const text = `connection ${i} has this to say, again and again `;
          const data = Buffer.from(text.repeat(1 + (i % 5)) + round);
          const message = await deflate(deflater, data);

          assert.ok((await inflate(inflater, message)).equals(data));

          if (round === 0) firstLength[i] = message.length;
          // The peer's context is used, whoever had the state meanwhile.
          else assert.ok(message.length < firstLength[i] / 2, `${round} ${i}`);
        }
      }
    } finally {
      for (const { deflater, inflater } of pairs) {
        deflater.free();
        inflater.free();
      }
    }
  });

  it('never refer to what another connection sent', async () => {
    const secret = randomBytes(2000);

    for (let i = 0; i < 20; i++) {
      const one = createDeflater(15);
      const other = createDeflater(15);

      await deflate(one, secret, true);
      one.free();

      const message = await deflate(other, secret, true);
      const fresh = createInflater(15);

      assert.ok((await inflate(fresh, message)).equals(secret));
      assert.ok(message.length >= secret.length);
      other.free();
      fresh.free();
    }
  });

  it('have the options of their own, from the same pool', async () => {
    const data = Buffer.from('abcdefgh'.repeat(100));

    for (let i = 0; i < 3; i++) {
      for (const level of [0, 1, 9]) {
        const deflater = createDeflater(15, { level });
        const message = await deflate(deflater, data, true);

        assert.strictEqual(message.length > data.length, level === 0);
        deflater.free();
      }
    }
  });

  it('have a dictionary of their own with every message', async () => {
    const dictionary = Buffer.from('a sentence that both sides know already');

    for (let i = 0; i < 3; i++) {
      const plain = createDeflater(15);
      const primed = createDeflater(15, { dictionary });

      assert.ok((await deflate(plain, dictionary, true)).length > 20);
      for (let j = 0; j < 2; j++) {
        assert.ok((await deflate(primed, dictionary, true)).length < 10);
      }
      plain.free();
      primed.free();
    }
  });
});

describe('Decompressors of many connections', () => {
  it('know nothing of another connection', async () => {
    const data = randomBytes(500);
    const back = zlib
      .deflateRawSync(Buffer.concat([data, data]), {
        dictionary: data,
        finishFlush: zlib.constants.Z_SYNC_FLUSH
      })
      .subarray(0, -4);
    const first = createInflater(15, { dictionary: data });

    assert.strictEqual((await inflate(first, back)).length, 1000);
    first.free();

    const second = createInflater(15);

    assert.strictEqual(
      await inflate(second, back),
      'invalid distance too far back'
    );
    second.free();
  });

  it('begin anew after an error of another connection', async () => {
    for (let i = 0; i < 40; i++) {
      const broken = createInflater(15);

      assert.strictEqual(
        typeof (await inflate(broken, Buffer.of(255))),
        'string'
      );
      broken.free();

      const inflater = createInflater(15);
      const hello = Buffer.from('f248cdc9c90700', 'hex');

      assert.strictEqual(String(await inflate(inflater, hello)), 'Hello');
      inflater.free();
    }
  });
});

describe('The event loop', () => {
  it('is not held up by a bomb, which stops at the limit', async () => {
    const bomb = zlib
      .deflateRawSync(Buffer.alloc(15 << 20), {
        level: 9,
        memLevel: 9,
        finishFlush: zlib.constants.Z_SYNC_FLUSH
      })
      .subarray(0, -4);

    // Short enough to be begun on the event loop.
    assert.ok(bomb.length < 16 * 1024);

    const inflater = createInflater(15);
    const result = await inflate(inflater, bomb);

    assert.strictEqual(result.length, 15 << 20);
    assert.ok(result.equals(Buffer.alloc(15 << 20)));

    // The same state goes on with the next message.
    const again = await inflate(inflater, bomb, 14 << 20);

    assert.strictEqual(typeof again, 'number');
    inflater.free();

    let longest = Infinity;

    // The best of many: the machine has other work to do.
    for (let i = 0; i < 50 && longest >= 4; i++) {
      const other = createInflater(15);
      const start = process.hrtime.bigint();
      const pending = inflate(other, bomb);
      const held = Number(process.hrtime.bigint() - start) / 1e6;

      await pending;
      other.free();
      longest = Math.min(longest, held);
    }

    assert.ok(longest < 4, `${longest} ms`);
  });

  it('gets messages in two parts where the first took too long', async () => {
    const slow = Buffer.alloc(16 * 1024, 'ababac').map((b, i) =>
      i % 97 === 0 ? i : b
    );
    const deflater = createDeflater(15, { level: 9 });
    const inflater = createInflater(15);

    for (let i = 0; i < 5; i++) {
      const data = Buffer.from(slow);
      const pending = deflate(deflater, data);

      // What is left to do has been copied.
      const expected = Buffer.from(data);

      data.fill(0);
      assert.ok((await inflate(inflater, await pending)).equals(expected));
    }

    deflater.free();
    inflater.free();
  });
});

describe('A job for another thread', () => {
  it('waits for its turn, and has no bytes if its codec is freed', async () => {
    const limiter = new Limiter(1);
    const data = Buffer.alloc(200_000, 'ws-rs ');
    const codecs = [1, 2, 3].map(() => createDeflater(15, {}, limiter));
    const called = [];
    const last = new Promise((resolve) => {
      for (const [i, codec] of codecs.entries()) {
        codec.run(data, true, false, false, (result) => {
          called.push(`${i} ${Buffer.isBuffer(result)}`);
          if (i === 2) resolve();
        });
      }
    });

    codecs[1].free();
    await last;
    assert.deepStrictEqual(called, ['1 false', '0 true', '2 true']);
    assert.strictEqual(limiter.pending, 0);
    codecs[0].free();
    codecs[2].free();
  });
});

describe('Memory', { skip: noMemoryBack }, () => {
  it('is taken with the first message that needs it, and given back', async () => {
    const seen = await evaluate(async () => {
      const PerMessageDeflate = require('./lib/permessage-deflate');
      const count = 200;
      const compress = (pmd) =>
        new Promise((resolve) => pmd.compress('hello', true, resolve));
      const make = (parameters) =>
        Array.from({ length: count }, () => {
          const pmd = new PerMessageDeflate({ isServer: true });

          pmd.accept([structuredClone(parameters)]);
          return pmd;
        });

      await compress(make({})[0]);

      const seen = {};
      const start = process.memoryUsage.rss();
      const measure = () => (process.memoryUsage.rss() - start) / count;
      const kept = make({});

      seen.made = measure();
      for (const pmd of kept) await compress(pmd);
      seen.used = measure();
      for (const pmd of kept) pmd.cleanup();
      seen.closed = measure();
      for (const pmd of make({ server_no_context_takeover: [true] })) {
        await compress(pmd);
      }
      seen.pooled = measure();
      console.log(JSON.stringify(seen));
    });
    const state = 256 * 1024; // bytes, of those that are written to

    assert.ok(seen.made < state / 10, `made: ${seen.made}`);
    assert.ok(seen.used > state * 0.9, `used: ${seen.used}`);
    assert.ok(seen.closed < state / 4, `closed: ${seen.closed}`);
    assert.ok(seen.pooled < state / 4, `pooled: ${seen.pooled}`);
  });
});

describe('A frame compressed once', () => {
  const wss = new WebSocket.Server({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: { serverNoContextTakeover: true, threshold: 0 }
  });

  after(() => wss.close());

  it('can be sent to many, between messages of their own', async () => {
    const text = 'the same for everybody, '.repeat(50);
    const payload = zlib
      .deflateRawSync(text, { finishFlush: zlib.constants.Z_SYNC_FLUSH })
      .subarray(0, -4);
    const frame = Sender.frame(payload, {
      fin: true,
      opcode: 1,
      rsv1: true,
      mask: false,
      readOnly: true
    });

    wss.on('connection', (ws) => {
      ws.send('before', () => {
        ws._sender.sendFrame(frame, () => ws.send('after', () => ws.close()));
      });
    });

    const received = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
        const messages = [];

        ws.on('message', (data) => messages.push(data.toString()));
        await new Promise((resolve) => ws.on('close', resolve));
        assert.match(ws.extensions, /permessage-deflate/);
        return messages;
      })
    );

    for (const messages of received) {
      assert.deepStrictEqual(messages, ['before', text, 'after']);
    }
  });
});

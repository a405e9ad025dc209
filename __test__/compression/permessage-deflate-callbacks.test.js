'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const zlib = require('node:zlib');

const PerMessageDeflate = require('../../lib/compression/permessage-deflate');
const { hex } = require('../support/events');
const {
  agreed,
  compress,
  decompress,
  inflate,
  TRAILER
} = require('../support/permessage-deflate');

describe('The callbacks', () => {
  it('come in a later macrotask, small as the message may be', async () => {
    const pmd = agreed();
    const calls = [];

    const compressed = compress(pmd, 'a').then(() => calls.push('compress'));
    const inflated = decompress(pmd, hex('f2 48 cd c9 c9 07 00')).then(() =>
      calls.push('decompress')
    );

    await new Promise((resolve) => process.nextTick(resolve));
    await Promise.resolve();
    assert.deepStrictEqual(calls, []);

    await Promise.all([compressed, inflated]);
    assert.deepStrictEqual(calls.sort(), ['compress', 'decompress']);
  });

  it('may begin the next message', async () => {
    const pmd = agreed();
    const messages = await new Promise((resolve) => {
      pmd.compress('a', true, (err, first) => {
        pmd.compress('b', true, (err, second) => resolve([first, second]));
      });
    });

    assert.strictEqual(messages.length, 2);
    assert.strictEqual(
      inflate(Buffer.concat([messages[0], TRAILER, messages[1]])).toString(),
      'ab'
    );
  });

  it('keep their order over many messages at once', async () => {
    const sending = agreed();
    const receiving = agreed();
    const texts = Array.from({ length: 50 }, (_, i) => `message ${i} `);
    const messages = [];

    for (const text of texts) messages.push(await compress(sending, text));

    const inflated = [];

    for (const message of messages) {
      inflated.push(String(await decompress(receiving, message)));
    }

    assert.deepStrictEqual(inflated, texts);
  });
});

describe('Calls before the one before has called back', () => {
  const payloads = ['a', 'b', 'c', 'd'].map((letter, i) =>
    Buffer.alloc([10, 300_000, 100, 50_000][i], letter)
  );

  it('make the messages of one stream, in their order', async () => {
    const extension = new PerMessageDeflate({ isServer: true });
    const order = [];

    extension.accept([{}]);

    const messages = await Promise.all(
      payloads.map(
        (data, i) =>
          new Promise((resolve, reject) => {
            extension.compress(data, true, (err, bytes) => {
              order.push(i);
              if (err) reject(err);
              else resolve(bytes);
            });
          })
      )
    );
    const stream = messages.flatMap((message) => [message, hex('00 00 ff ff')]);

    assert.deepStrictEqual(order, [0, 1, 2, 3]);
    assert.ok(
      zlib
        .inflateRawSync(Buffer.concat(stream), {
          finishFlush: zlib.constants.Z_SYNC_FLUSH
        })
        .equals(Buffer.concat(payloads))
    );
    extension.cleanup();
  });

  it('inflate in their order, until one of them fails', async () => {
    const extension = new PerMessageDeflate({ isServer: true });
    const seen = [];
    const message = hex('f2 48 cd c9 c9 07 00');

    extension.accept([{}]);

    await new Promise((resolve) => {
      for (const data of [message, hex('ff ff'), message, message]) {
        extension.decompress(data, true, (err, bytes) => {
          seen.push(err ? err.message : String(bytes));
          if (seen.length === 4) resolve();
        });
      }
    });

    const closed =
      'The inflate stream was closed while data was being processed';

    assert.deepStrictEqual(seen, [
      'Hello',
      'invalid block type',
      closed,
      closed
    ]);
    assert.strictEqual(extension._inflate, null);
  });
});

describe('cleanup', () => {
  const CLOSED = {
    message: 'The deflate stream was closed while data was being processed'
  };

  for (const length of [5, 1 << 20]) {
    it(`fails the compression of ${length} bytes that is under way`, async () => {
      const pmd = agreed();
      const result = compress(pmd, Buffer.alloc(length, 'a'));

      process.nextTick(() => pmd.cleanup());
      await assert.rejects(result, CLOSED);
    });
  }

  it('calls back everybody who waits, at once and in order', () => {
    for (const length of [10, 100_000]) {
      const extension = new PerMessageDeflate({ isServer: true });
      const seen = [];

      extension.accept([{}]);

      for (const name of ['a', 'b', 'c']) {
        extension.compress(Buffer.alloc(length), true, (err) => {
          seen.push(`${name}: ${err.message}`);
        });
      }

      extension.cleanup();
      assert.deepStrictEqual(
        seen,
        ['a', 'b', 'c'].map(
          (name) =>
            `${name}: The deflate stream was closed while data was being ` +
            'processed'
        )
      );
    }
  });

  it('leaves alone what a callback begins meanwhile', async () => {
    const extension = new PerMessageDeflate({ isServer: true });
    const again = [];

    extension.accept([{}]);

    await new Promise((resolve) => {
      for (let i = 0; i < 2; i++) {
        extension.decompress(hex('f2 48 cd c9 c9 07 00'), true, (err) => {
          assert.ok(err);
          extension.decompress(
            hex('f2 48 cd c9 c9 07 00'),
            true,
            (err, bytes) => {
              again.push(err ?? String(bytes));
              if (again.length === 2) resolve();
            }
          );
        });
      }

      extension.cleanup();
    });

    assert.deepStrictEqual(again, ['Hello', 'Hello']);
    extension.cleanup();
  });

  it('can be called twice, and before anything was done', () => {
    const pmd = agreed();

    pmd.cleanup();
    pmd.cleanup();
  });

  it('lets the same object begin anew', async () => {
    const pmd = agreed();

    await compress(pmd, 'Hello');
    pmd.cleanup();
    assert.deepStrictEqual(
      await compress(pmd, 'Hello'),
      hex('f2 48 cd c9 c9 07 00')
    );
  });
});

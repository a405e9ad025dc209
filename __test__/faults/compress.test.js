'use strict';

// PerMessageDeflate used by itself: each instance gets its own data, whoever had its number before,
// and each call its callback.

const assert = require('node:assert');
const { describe, it } = require('node:test');
const zlib = require('node:zlib');

const { until } = require('../support/ends');
const { isOurs, WebSocket } = require('../support/implementation');

const END = Buffer.from([0, 0, 0xff, 0xff]);

function create(options) {
  const extension = new WebSocket.PerMessageDeflate({
    isServer: true,
    threshold: 0,
    ...options
  });

  extension.accept([{}]);
  return extension;
}

function inflate(parts) {
  return zlib.inflateRawSync(
    Buffer.concat(parts.flatMap((part) => [part, END])),
    { finishFlush: zlib.constants.Z_SYNC_FLUSH }
  );
}

/** Calls a method, and gives what it calls back with. */
function call(extension, method, data) {
  return new Promise((resolve, reject) => {
    extension[method](data, true, (err, result) => {
      if (err) reject(err);
      else resolve(result);
    });
  });
}

describe('an instance that others were before', () => {
  for (const [others, left] of [
    [1023, 0],
    [1024, 0],
    [1025, 0],
    [2047, 0],
    [300, 300]
  ]) {
    it(`gets its own result: after ${others}, with ${left} left`, async () => {
      const zlibDeflateOptions = { level: 9 };
      const first = create({ zlibDeflateOptions });
      const kept = [];

      first.compress(Buffer.alloc(8e6, 'secret of the first'), true, () => {});
      first.cleanup();
      for (let i = 0; i < others; i++) {
        const other = create();

        other.compress(Buffer.from('x'), true, () => {});
        if (i < left) kept.push(other);
        else other.cleanup();
      }

      const last = create({ zlibDeflateOptions });
      const data = Buffer.alloc(16e6, 'data of the last');

      assert.ok(inflate([await call(last, 'compress', data)]).equals(data));
      last.cleanup();
      for (const other of kept) other.cleanup();
    });
  }

  // `ws` throws what nobody can catch when an instance is cleaned up that inflates.
  const options = { skip: !isOurs && 'ws crashes' };

  it('gets its own result when it inflates', options, async () => {
    const text = (word) => Buffer.alloc(4e6, word);
    const compressed = (data) =>
      zlib
        .deflateRawSync(data, { finishFlush: zlib.constants.Z_SYNC_FLUSH })
        .subarray(0, -END.length);
    const first = create();

    first.decompress(compressed(text('secret ')), true, () => {});
    first.cleanup();
    for (let i = 0; i < 1023; i++) {
      const other = create();

      other.decompress(
        compressed(text('other ').subarray(0, 9)),
        true,
        () => {}
      );
      other.cleanup();
    }

    const last = create();
    const data = text('data of the last ');

    assert.ok((await call(last, 'decompress', compressed(data))).equals(data));
    last.cleanup();
  });
});

describe('compress() before it has called back', () => {
  for (const concurrencyLimit of [1, 2, 10]) {
    for (const length of [10, 30000, 3e6]) {
      it(`calls back for both: ${length} bytes, ${concurrencyLimit} at a time`, async () => {
        const extension = create({ concurrencyLimit });
        const results = [];

        for (const letter of 'ab') {
          extension.compress(
            Buffer.alloc(length, letter),
            true,
            (err, data) => {
              results.push(err ?? data);
            }
          );
        }
        await until(() => results.length === 2);
        assert.ok(
          inflate(results).equals(
            Buffer.concat([
              Buffer.alloc(length, 'a'),
              Buffer.alloc(length, 'b')
            ])
          )
        );
        extension.cleanup();
      });
    }
  }

  it('calls back when it is cleaned up meanwhile', async () => {
    const extension = create();
    const reports = [];

    extension.compress(Buffer.alloc(3e6), true, (err) => reports.push(err));
    extension.cleanup();
    await until(() => reports.length === 1);
    assert.ok(reports[0] instanceof Error);
  });

  it('leaves the turn to others when it is cleaned up', async () => {
    // The limit is that of the process: the first instance has set it.
    const stuck = Array.from({ length: 30 }, () => create());

    for (const extension of stuck) {
      extension.compress(Buffer.alloc(2e6), true, () => {});
      extension.cleanup();
    }

    const last = create();
    const data = Buffer.from('the last');

    assert.ok(inflate([await call(last, 'compress', data)]).equals(data));
    last.cleanup();
  });
});

'use strict';

const assert = require('node:assert');
const { randomBytes } = require('node:crypto');
const { describe, it } = require('node:test');
const zlib = require('node:zlib');

const PerMessageDeflate = require('../../lib/compression/permessage-deflate');
const { kStatusCode } = require('../../lib/constants');
const { hex } = require('../support/events');
const {
  agreed,
  compress,
  decompress,
  inflate,
  TRAILER
} = require('../support/permessage-deflate');

describe('The negotiation', () => {
  it('keeps what was agreed on in params', () => {
    const pmd = new PerMessageDeflate({ isServer: true });

    assert.strictEqual(PerMessageDeflate.extensionName, 'permessage-deflate');
    assert.strictEqual(pmd.params, null);

    const parameters = pmd.accept([{ server_no_context_takeover: [true] }]);

    assert.strictEqual(pmd.params, parameters);
    assert.deepStrictEqual(parameters, { server_no_context_takeover: true });
  });

  it('offers what the options say', () => {
    const pmd = new PerMessageDeflate({ clientMaxWindowBits: 10 });

    assert.deepStrictEqual(pmd.offer(), { client_max_window_bits: 10 });
  });
});

describe('compress', () => {
  it('makes the bytes of RFC 7692, section 7.2.3', async () => {
    const pmd = agreed();

    assert.deepStrictEqual(
      await compress(pmd, 'Hello'),
      hex('f2 48 cd c9 c9 07 00')
    );
    // The same again, out of the context.
    assert.deepStrictEqual(
      await compress(pmd, Buffer.from('Hello')),
      hex('f2 00 11 00 00')
    );
  });

  it('forgets the context where that was agreed on', async () => {
    const pmd = agreed({}, { client_no_context_takeover: [true] });

    for (let i = 0; i < 2; i++) {
      assert.deepStrictEqual(
        await compress(pmd, 'Hello'),
        hex('f2 48 cd c9 c9 07 00')
      );
    }
  });

  it('forgets no context between the fragments of a message', async () => {
    const pmd = agreed({}, { client_no_context_takeover: [true] });
    const first = await compress(pmd, 'Hello', false);
    const last = await compress(pmd, 'Hello', true);

    // The trailer stays on all fragments but the last.
    assert.deepStrictEqual(first.subarray(-4), TRAILER);
    assert.ok(last.length < 7);
    assert.strictEqual(
      inflate(Buffer.concat([first, last])).toString(),
      'HelloHello'
    );
  });

  it('makes one byte of an empty last fragment', async () => {
    const pmd = agreed();

    await compress(pmd, 'Hello', false);
    assert.deepStrictEqual(await compress(pmd, '', true), hex('00'));
  });

  it('takes views of any type', async () => {
    const view = new Uint16Array([0x6261, 0x6463, 0x6665]).subarray(1, 2);

    assert.strictEqual(
      inflate(await compress(agreed(), view)).toString(),
      'cd'
    );
  });

  it('throws for what is neither text nor bytes what a stream throws', () => {
    for (const data of [undefined, 5, {}, new ArrayBuffer(1)]) {
      for (const method of ['compress', 'decompress']) {
        assert.throws(() => agreed()[method](data, true, () => {}), {
          name: 'TypeError',
          code: 'ERR_INVALID_ARG_TYPE'
        });
      }
    }
  });

  it('works on another thread for a large message, with one result', async () => {
    const data = Buffer.alloc(1 << 20, 'ws-rs, the npm package. ');
    const message = await compress(agreed(), data);

    assert.ok(message.length < data.length / 100);
    assert.ok(inflate(message).equals(data));
  });

  it('has the levels of zlib', async () => {
    const data = Buffer.alloc(10_000, 'abcdefgh');

    for (const level of [0, 1, 9]) {
      const pmd = agreed({ zlibDeflateOptions: { level } });
      const message = await compress(pmd, data);

      assert.strictEqual(message.length > data.length, level === 0);
      assert.ok(inflate(message).equals(data));
    }
  });

  it('uses a dictionary', async () => {
    const dictionary = Buffer.from('Hello');
    const pmd = agreed({ zlibDeflateOptions: { dictionary } });
    const message = await compress(pmd, 'Hello');

    assert.ok(message.length < 7);
    assert.strictEqual(inflate(message, { dictionary }).toString(), 'Hello');
  });

  for (let bits = 8; bits <= 15; bits++) {
    it(`keeps to a window of ${bits} bits`, async () => {
      const pmd = agreed({}, { client_max_window_bits: [bits] });
      const half = randomBytes(20_000);
      const message = await compress(pmd, Buffer.concat([half, half]));

      // As zlib itself, which makes 9 of 8 for raw DEFLATE.
      const windowBits = Math.max(bits, 9);

      assert.strictEqual(inflate(message, { windowBits }).length, 40_000);
      // Only the largest window reaches from the second half to the first.
      assert.strictEqual(message.length < 30_000, bits === 15);
    });
  }
});

describe('decompress', () => {
  it('takes the bytes of RFC 7692, section 7.2.3', async () => {
    const pmd = agreed();

    for (const message of [
      'f2 48 cd c9 c9 07 00', // one block
      'f2 00 11 00 00', // out of the context
      '00 05 00 fa ff 48 65 6c 6c 6f 00', // not compressed
      'f2 48 05 00 00 00 ff ff ca c9 c9 07 00' // two blocks
    ]) {
      assert.strictEqual(
        (await decompress(pmd, hex(message))).toString(),
        'Hello'
      );
    }
  });

  it('goes on after a final block, as the section allows', async () => {
    const pmd = agreed();

    for (const message of ['f3 48 cd c9 c9 07 00 00', 'f2 48 cd c9 c9 07 00']) {
      assert.strictEqual(
        (await decompress(pmd, hex(message))).toString(),
        'Hello'
      );
    }
  });

  it('takes fragments', async () => {
    const pmd = agreed();

    assert.strictEqual(
      String(await decompress(pmd, hex('f2 48 cd'), false)) +
        String(await decompress(pmd, hex('c9 c9 07 00'), true)),
      'Hello'
    );
  });

  it('inflates a large message, made by zlib', async () => {
    const data = Buffer.alloc(1 << 20, 'ws-rs, the npm package. ');
    const deflated = zlib.deflateRawSync(data, {
      finishFlush: zlib.constants.Z_SYNC_FLUSH
    });
    const inflated = await decompress(agreed(), deflated.subarray(0, -4));

    assert.ok(inflated.equals(data));
  });

  it('stops at maxPayload, and starts anew with the next message', async () => {
    const pmd = agreed({ maxPayload: 25 });
    const bomb = zlib.deflateRawSync(Buffer.alloc(1 << 20), {
      finishFlush: zlib.constants.Z_SYNC_FLUSH
    });

    await assert.rejects(decompress(pmd, bomb.subarray(0, -4)), (error) => {
      assert.strictEqual(error.constructor, RangeError);
      assert.strictEqual(error.message, 'Max payload size exceeded');
      assert.strictEqual(error.code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
      assert.strictEqual(error[kStatusCode], 1009);
      return true;
    });

    const hello = await decompress(pmd, hex('f2 48 cd c9 c9 07 00'));

    assert.strictEqual(hello.toString(), 'Hello');
  });

  it('fails as zlib does', async () => {
    await assert.rejects(decompress(agreed(), hex('ff ff')), (error) => {
      assert.strictEqual(error.message, 'invalid block type');
      assert.strictEqual(error.code, 'Z_DATA_ERROR');
      assert.strictEqual(error.errno, -3);
      assert.strictEqual(error[kStatusCode], 1007);
      return true;
    });
  });

  it('has the direction of its end', async () => {
    const server = agreed(
      { isServer: true },
      {
        client_no_context_takeover: [true],
        server_max_window_bits: [9]
      }
    );
    const client = agreed({}, { client_no_context_takeover: [true] });

    for (let i = 0; i < 2; i++) {
      const message = await compress(client, 'Hello');

      assert.strictEqual(message.length, 7);
      assert.strictEqual(
        (await decompress(server, message)).toString(),
        'Hello'
      );
    }
  });
});

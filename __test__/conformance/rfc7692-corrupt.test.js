'use strict';

// RFC 7692, section 7.2.2: payloads that are no DEFLATE stream. What zlib says
// of them is what a program is told.

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { constants, inflateRawSync } = require('node:zlib');

const { inParallel, line, ROLES, start } = require('../support/conversation');
const { Context, messages, TAIL } = require('../support/deflate');
const {
  BINARY,
  CLOSE,
  closePayload,
  CONTINUATION
} = require('../support/frames');

const PMD = 'permessage-deflate';
const RSV1 = 4;

/** A payload for each fault, in hex. */
const FAULTS = {
  'invalid block type': 'b7',
  'invalid stored block lengths': 'c15d03',
  'too many length or distance symbols': 'f5',
  'invalid code lengths set': '05',
  'invalid bit length repeat': '4d0e82',
  'invalid code -- missing end-of-block': '9438866800b92f1cde',
  'invalid literal/length code': '1bdb2f',
  'invalid distance code': 'fbe349',
  'invalid distance too far back': 'a3'
};

/** The words for a fault whose name zlib-rs loses: one far into a payload. */
const UNNAMED = 'invalid deflate data';

/** What zlib makes of a payload: its bytes, or the fault. */
function verdict(payload) {
  try {
    return inflateRawSync(Buffer.concat([payload, TAIL]), {
      finishFlush: constants.Z_SYNC_FLUSH
    }).toString('hex');
  } catch ({ message }) {
    return new Error(message);
  }
}

/** A payload that is cut off, or in which bytes are wrong. */
function damaged(payload, seed) {
  const at = (seed * 7919) % payload.length;
  const bytes = Buffer.from(payload);

  if (seed % 3 === 0) return bytes.subarray(0, at);

  bytes[at] ^= 1 << (seed % 8);
  if (seed % 3 === 1) bytes[(at * 31) % bytes.length] = seed & 0xff;
  return bytes;
}

for (const role of ROLES) {
  const options = { perMessageDeflate: true };

  describe(`RFC 7692, corrupt messages, as a ${role}`, () => {
    for (const [message, hex] of Object.entries(FAULTS)) {
      it(`reports "${message}" as zlib does`, async (t) => {
        const connect = await start(t, role, options, PMD);
        const payload = Buffer.from(hex, 'hex');

        assert.strictEqual(verdict(payload).message, message);

        // As the first frame and as a later one.
        for (const parts of [[payload], [Buffer.alloc(0), payload]]) {
          const conversation = await connect();

          parts.forEach((part, i) =>
            conversation.send(i === 0 ? BINARY : CONTINUATION, part, {
              fin: i === parts.length - 1,
              rsv: i === 0 ? RSV1 : 0
            })
          );
          conversation.send(BINARY, 'never heard');
          await conversation.over();

          const [error] = conversation.errors;
          assert.strictEqual(error.constructor, Error);
          assert.strictEqual(error.message, message);
          assert.strictEqual(error.code, 'Z_DATA_ERROR');
          assert.strictEqual(error.errno, -3);
          assert.deepStrictEqual(conversation.events, [
            'error Z_DATA_ERROR',
            'close 1006'
          ]);
          assert.deepStrictEqual(conversation.frames, ['close 1007']);
        }
      });
    }

    it('finds the faults in damaged payloads that zlib finds', async (t) => {
      const connect = await start(t, role, options, PMD);
      const payload = new Context().compress(messages(4, [120])[0]);
      const seeds = Array.from({ length: 240 }, (_, seed) => seed);
      const outcomes = { faults: 0, messages: 0 };

      await inParallel(seeds, async (seed) => {
        const bytes = damaged(payload, seed);
        const expected = verdict(bytes);
        const conversation = await connect();
        const received = [];

        conversation.ws.on('message', (data) => {
          received.push(data.toString('hex'));
        });
        conversation.send(BINARY, bytes, { rsv: RSV1 });
        conversation.send(CLOSE, closePayload(1000));
        await conversation.over();

        const what = `seed ${seed}: ${bytes.toString('hex')}`;

        if (expected instanceof Error) {
          const [error] = conversation.errors;

          outcomes.faults++;
          assert.strictEqual(error?.code, 'Z_DATA_ERROR', what);
          assert.ok([expected.message, UNNAMED].includes(error.message), what);
          assert.deepStrictEqual(received, [], what);
        } else {
          outcomes.messages++;
          assert.deepStrictEqual(conversation.errors, [], what);
          assert.deepStrictEqual(received, [expected], what);
        }
      });

      // Both kinds have to be among them for this to say anything.
      assert.ok(outcomes.faults > 20, line('faults', String(outcomes.faults)));
      assert.ok(outcomes.messages > 20);
    });
  });
}

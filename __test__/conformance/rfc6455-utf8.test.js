'use strict';

// RFC 6455, section 8.1: text is UTF-8, as RFC 3629 has it.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { inParallel, ROLES, start } = require('../support/conversation');
const {
  BINARY,
  CLOSE,
  closePayload,
  CONTINUATION,
  TEXT
} = require('../support/frames');

/** The rows of RFC 3629, section 4: the first and last of each. */
const VALID = {
  'one byte': ['00', '7f'],
  'two bytes': ['c280', 'dfbf'],
  'three bytes from E0': ['e0a080', 'e0bfbf'],
  'three bytes from E1 to EC': ['e18080', 'ecbfbf'],
  'three bytes from ED, below the surrogates': ['ed8080', 'ed9fbf'],
  'three bytes from EE and EF': ['ee8080', 'efbfbf'],
  'four bytes from F0': ['f0908080', 'f0bfbfbf'],
  'four bytes from F1 to F3': ['f1808080', 'f3bfbfbf'],
  'four bytes from F4': ['f4808080', 'f48fbfbf'],
  'a byte order mark': ['efbbbf'],
  noncharacters: ['efbfbe', 'efb790', 'f09fbfbf', 'f48fbfbe']
};

const INVALID = {
  'a continuation byte alone': ['80', 'bf', '8080', '9f'],
  'one continuation byte too many': ['c28080', 'e1808080', 'f180808080'],
  'a sequence that ends early': [
    'c2',
    'e0a0',
    'e180',
    'f09080',
    'f18080',
    'f4'
  ],
  'a sequence that is broken off': ['c241', 'e0a041', 'e18041', 'f0908041'],
  'a sequence that begins anew': ['c2c280', 'e180e18080', 'f18080f1808080'],
  'an overlong form of two bytes': ['c080', 'c0af', 'c1bf'],
  'an overlong form of three bytes': ['e08080', 'e080af', 'e09fbf'],
  'an overlong form of four bytes': ['f0808080', 'f08080af', 'f08fbfbf'],
  'a surrogate': ['eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbfbf'],
  'a surrogate pair': ['eda080edb080', 'edafbfedbfbf'],
  'a character above U+10FFFF': ['f4908080', 'f4bfbfbf', 'f5808080'],
  'a form of five or six bytes': ['f888808080', 'fc8480808080'],
  'a byte that is never used': ['c0', 'c1', 'f5', 'f8', 'fb', 'fd', 'fe', 'ff']
};

/** A sequence alone, and between ASCII and other characters. */
function surroundings(sequence) {
  const bytes = Buffer.from(sequence, 'hex');

  return [
    bytes,
    Buffer.concat([Buffer.from('ab'), bytes, Buffer.from('é')]),
    // Further than what is checked a word or a vector at a time.
    Buffer.concat([Buffer.alloc(70, 'a'), bytes, Buffer.alloc(70, 'z')])
  ];
}

/** Every way to cut bytes in two, without the parts around the sequence. */
function cuts(bytes) {
  const offsets = [...bytes.keys()].filter(
    (offset) => bytes.length < 40 || (offset > 69 && offset < 74)
  );

  return offsets.map((at) => [bytes.subarray(0, at), bytes.subarray(at)]);
}

function fragments(peer, parts) {
  return parts.map((part, i) =>
    peer.frame(i === 0 ? TEXT : CONTINUATION, part, {
      fin: i === parts.length - 1
    })
  );
}

for (const role of ROLES) {
  describe(`RFC 6455, 8.1, UTF-8, as a ${role}`, () => {
    for (const [name, sequences] of Object.entries(VALID)) {
      it(`takes ${name}, cut anywhere`, async (t) => {
        const connect = await start(t, role);
        const conversation = await connect();
        const expected = [];
        const received = [];

        conversation.ws.on('message', (data) => received.push(data));

        for (const bytes of sequences.flatMap(surroundings)) {
          for (const parts of cuts(bytes)) {
            await conversation.writeEach(fragments(conversation, parts));
            expected.push(bytes);
          }

          const whole = conversation.frame(TEXT, bytes);

          for (let i = 0; i <= Math.min(bytes.length, 6); i++) {
            const at = whole.length - i;
            await conversation.writeEach([
              whole.subarray(0, at),
              whole.subarray(at)
            ]);
            expected.push(bytes);
          }
        }

        conversation.send(CLOSE, closePayload(1000));
        await conversation.over();

        assert.deepStrictEqual(conversation.errors, []);
        assert.deepStrictEqual(received, expected);
      });
    }

    for (const [name, sequences] of Object.entries(INVALID)) {
      it(`refuses ${name}, cut anywhere, with 1007`, async (t) => {
        const connect = await start(t, role);
        const ways = sequences.flatMap(surroundings).flatMap((bytes) => [
          (peer) => [peer.frame(TEXT, bytes)],
          (peer) => Array.from(peer.frame(TEXT, bytes), (x) => Buffer.of(x)),
          ...cuts(bytes).map((parts) => (peer) => fragments(peer, parts)),
          ...cuts(bytes).map(([{ length }]) => (peer) => {
            const whole = peer.frame(TEXT, bytes);
            const at = whole.length - bytes.length + length;

            return [whole.subarray(0, at), whole.subarray(at)];
          })
        ]);

        await inParallel(ways, async (compose) => {
          const conversation = await connect();

          await conversation.writeEach(compose(conversation));
          await conversation.over();

          assert.deepStrictEqual(conversation.events, [
            'error WS_ERR_INVALID_UTF8',
            'close 1006'
          ]);
          assert.deepStrictEqual(conversation.frames, ['close 1007']);
        });
      });
    }

    it('does not look at binary messages', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();
      const sequences = Object.values(INVALID).flat();

      for (const sequence of sequences) {
        conversation.send(BINARY, Buffer.from(sequence, 'hex'));
      }
      conversation.send(CLOSE, closePayload(1000));
      await conversation.over();

      assert.deepStrictEqual(conversation.events, [
        ...sequences.map((sequence) => `binary ${sequence}`),
        'close 1000'
      ]);
    });

    it('looks at no text with skipUTF8Validation', async (t) => {
      const connect = await start(t, role, { skipUTF8Validation: true });
      const conversation = await connect();
      const { ws } = conversation;
      const bytes = Buffer.from('61eda08062', 'hex');
      const received = [];

      ws.on('message', (data, isBinary) => received.push([data, isBinary]));
      conversation.send(TEXT, bytes);
      conversation.send(TEXT, bytes.subarray(0, 2), { fin: false });
      conversation.send(CONTINUATION, bytes.subarray(2));
      conversation.send(CLOSE, closePayload(1000, bytes));
      await conversation.over();

      assert.deepStrictEqual(received, [
        [bytes, false],
        [bytes, false]
      ]);
      assert.deepStrictEqual(conversation.errors, []);
    });

    it('sends every kind of character as UTF-8', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();
      const texts = ['', 'ascii', 'é', '€uro', '😀', 'a\u0000b', '\ufeffx'];

      for (const text of texts) conversation.ws.send(text);
      // A lone surrogate has no UTF-8: it becomes U+FFFD.
      conversation.ws.send('a\ud800b');
      conversation.ws.close(1000);
      await conversation.over();

      assert.deepStrictEqual(
        conversation.rawFrames.slice(0, -1).map(({ payload }) => payload),
        [...texts, 'a\ufffdb'].map((text) => Buffer.from(text))
      );
    });
  });
}

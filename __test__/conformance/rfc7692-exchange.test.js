'use strict';

// RFC 7692, sections 7.1 and 7.2: messages with every parameter agreed on.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const {
  hex,
  inParallel,
  line,
  ROLES,
  start
} = require('../support/conversation');
const {
  Context,
  contextsOf,
  everyParameter,
  messages,
  toHeader
} = require('../support/deflate');
const {
  BINARY,
  CLOSE,
  closePayload,
  CONTINUATION,
  TEXT
} = require('../support/frames');

const RSV1 = 4;

function nameOf(options) {
  const { serverNoContextTakeover, clientNoContextTakeover } = options;

  return [
    `server ${options.serverMaxWindowBits} bits`,
    ...(serverNoContextTakeover ? ['no context'] : []),
    `client ${options.clientMaxWindowBits} bits`,
    ...(clientNoContextTakeover ? ['no context'] : [])
  ].join(', ');
}

/** The frames of a compressed message; every third one has three. */
function framesOf(peer, opcode, payload, index) {
  const cut = Math.floor(payload.length / 3);

  return index % 3 !== 0
    ? [peer.frame(opcode, payload, { rsv: RSV1 })]
    : [
        peer.frame(opcode, payload.subarray(0, cut), { fin: false, rsv: RSV1 }),
        peer.frame(CONTINUATION, payload.subarray(cut, 2 * cut), {
          fin: false
        }),
        peer.frame(CONTINUATION, payload.subarray(2 * cut))
      ];
}

for (const role of ROLES) {
  const other = role === 'server' ? 'client' : 'server';

  describe(`RFC 7692, messages both ways, as a ${role}`, () => {
    for (const options of everyParameter()) {
      it(`echoes messages: ${nameOf(options)}`, async (t) => {
        const connect = await start(
          t,
          role,
          { perMessageDeflate: options },
          toHeader(options)
        );
        const conversation = await connect();
        const contexts = contextsOf(options);
        const texts = messages(options.serverMaxWindowBits * 77 + 5);
        const { ws } = conversation;

        assert.strictEqual(ws.extensions, 'permessage-deflate');
        ws.on('message', (data, isBinary) => {
          ws.send(data, { binary: isBinary });
        });

        texts.forEach((text, i) => {
          const opcode = i % 2 === 0 ? TEXT : BINARY;
          const payload = contexts[other].compress(text);

          conversation.write(
            Buffer.concat(framesOf(conversation, opcode, payload, i))
          );
        });

        const echoes = await conversation.received(texts.length);
        conversation.send(CLOSE, closePayload(1000));
        await conversation.over();

        assert.deepStrictEqual(conversation.errors, []);
        echoes.forEach(({ fin, opcode, payload, rsv }, i) => {
          assert.deepStrictEqual(
            [fin, opcode, rsv],
            [true, i % 2 === 0 ? TEXT : BINARY, RSV1]
          );
          assert.strictEqual(
            contexts[role].decompress(payload).toString(),
            texts[i],
            `message ${i}`
          );
        });
      });
    }

    it('keeps the context of each connection to itself', async (t) => {
      const options = { perMessageDeflate: { threshold: 0 } };
      const connect = await start(t, role, options, 'permessage-deflate');

      await inParallel([1, 2, 3, 4, 5, 6, 7, 8], async (seed) => {
        const conversation = await connect();
        const texts = messages(seed, [100, 2000, 100, 2000]);
        const outward = new Context();
        const inward = new Context();

        for (const text of texts) conversation.ws.send(text);
        for (const text of texts) {
          conversation.send(BINARY, outward.compress(text), { rsv: RSV1 });
        }
        const frames = await conversation.received(texts.length);
        conversation.send(CLOSE);
        await conversation.over();

        assert.deepStrictEqual(
          frames.map(({ payload }) => String(inward.decompress(payload))),
          texts
        );
        assert.deepStrictEqual(conversation.events, [
          ...texts.map((text) => line('binary', hex(Buffer.from(text)))),
          'close 1005'
        ]);
      });
    });

    it('makes repetition cost little only with a context', async (t) => {
      const text = messages(9, [3000])[0];

      for (const noContext of [false, true]) {
        const options = {
          clientNoContextTakeover: noContext,
          serverNoContextTakeover: noContext,
          threshold: 0
        };
        const connect = await start(
          t,
          role,
          { perMessageDeflate: options },
          noContext
            ? 'permessage-deflate; server_no_context_takeover; ' +
                'client_no_context_takeover'
            : 'permessage-deflate'
        );
        const conversation = await connect();

        conversation.ws.send(text);
        conversation.ws.send(text);
        const frames = await conversation.received(2);
        conversation.send(CLOSE);
        await conversation.over();

        const [first, second] = frames.map(({ payload }) => payload);

        if (noContext) assert.deepStrictEqual(second, first);
        else assert.ok(second.length < first.length / 10);
      }
    });
  });
}

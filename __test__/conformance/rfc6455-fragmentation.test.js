'use strict';

// RFC 6455, section 5.4: fragmentation.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const {
  converse,
  hex,
  inParallel,
  ROLES,
  start
} = require('../support/conversation');
const {
  BINARY,
  CLOSE,
  closePayload,
  CONTINUATION,
  PING,
  PONG,
  TEXT
} = require('../support/frames');

/** Frames of one message; what is not the last has no FIN. */
function message(peer, opcode, ...parts) {
  return parts.map((part, i) =>
    peer.frame(i === 0 ? opcode : CONTINUATION, part, {
      fin: i === parts.length - 1
    })
  );
}

function goodbye(peer) {
  return peer.frame(CLOSE, closePayload(1000));
}

async function assertHeard(connect, compose, expected) {
  for (const { events } of await converse(connect, compose)) {
    assert.deepStrictEqual(events, expected);
  }
}

for (const role of ROLES) {
  describe(`RFC 6455, 5.4, fragmentation, as a ${role}`, () => {
    it('joins the fragments of text and of binary messages', async (t) => {
      const connect = await start(t, role);

      await assertHeard(
        connect,
        (peer) => [
          ...message(peer, TEXT, 'Hel', 'lo'),
          ...message(peer, BINARY, 'Hel', 'lo'),
          ...message(peer, TEXT, ...'one byte each'),
          peer.frame(TEXT, 'whole'),
          goodbye(peer)
        ],
        [
          'text Hello',
          'binary 48656c6c6f',
          'text one byte each',
          'text whole',
          'close 1000'
        ]
      );
    });

    it('takes empty fragments first, between and last', async (t) => {
      const connect = await start(t, role);

      for (const parts of [
        ['', 'ab'],
        ['ab', ''],
        ['a', '', 'b'],
        ['', 'ab', ''],
        ['', '', 'a', '', '', 'b', '', '']
      ]) {
        await assertHeard(
          connect,
          (peer) => [
            ...message(peer, TEXT, ...parts),
            ...message(peer, BINARY, ...parts),
            goodbye(peer)
          ],
          ['text ab', 'binary 6162', 'close 1000']
        );
      }
    });

    it('makes an empty message of nothing but empty fragments', async (t) => {
      const connect = await start(t, role);

      await assertHeard(
        connect,
        (peer) => [
          ...message(peer, TEXT, '', ''),
          ...message(peer, BINARY, '', '', ''),
          goodbye(peer)
        ],
        ['text', 'binary', 'close 1000']
      );
    });

    it('hears control frames between fragments at once', async (t) => {
      const connect = await start(t, role);
      const conversations = await converse(connect, (peer) => [
        peer.frame(TEXT, 'one ', { fin: false }),
        peer.frame(PING, '1'),
        peer.frame(CONTINUATION, 'two ', { fin: false }),
        peer.frame(PONG, '2'),
        peer.frame(PING, ''),
        peer.frame(CONTINUATION, 'three'),
        goodbye(peer)
      ]);

      for (const { events, frames } of conversations) {
        assert.deepStrictEqual(events, [
          'ping 31',
          'pong 32',
          'ping',
          'text one two three',
          'close 1000'
        ]);
        assert.deepStrictEqual(frames, ['pong 31', 'pong', 'close 1000']);
      }
    });

    it('answers a close frame between fragments, without them', async (t) => {
      const connect = await start(t, role);

      await assertHeard(
        connect,
        (peer) => [
          peer.frame(TEXT, 'never ', { fin: false }),
          goodbye(peer),
          peer.frame(CONTINUATION, 'ended')
        ],
        ['close 1000']
      );
    });

    it('joins fragments of every size around the length forms', async (t) => {
      const connect = await start(t, role);
      const sizes = [0, 1, 125, 126, 65535, 65536, 3];
      const parts = sizes.map((size, i) => Buffer.alloc(size, i + 1));

      await assertHeard(
        connect,
        (peer) => [...message(peer, BINARY, ...parts), goodbye(peer)],
        [`binary ${hex(Buffer.concat(parts))}`, 'close 1000']
      );
    });

    it('gives each non-empty fragment to "fragments"', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();
      const { ws } = conversation;
      const received = [];

      ws.binaryType = 'fragments';
      ws.removeAllListeners('message');
      ws.on('message', (data) => received.push(data.map(String)));
      conversation.write(
        Buffer.concat([
          ...message(conversation, BINARY, 'ab', '', 'c', 'def'),
          ...message(conversation, BINARY, ''),
          goodbye(conversation)
        ])
      );
      await conversation.over();

      assert.deepStrictEqual(received, [['ab', 'c', 'def'], []]);
    });

    it('refuses a continuation of nothing', async (t) => {
      const connect = await start(t, role);

      for (const fin of [true, false]) {
        for (const before of [[], ['whole'], ['two ', 'parts']]) {
          await assertHeard(
            connect,
            (peer) => [
              ...message(peer, TEXT, ...before),
              peer.frame(CONTINUATION, 'x', { fin })
            ],
            [
              ...(before.length > 0 ? [`text ${before.join('')}`] : []),
              'error WS_ERR_INVALID_OPCODE',
              'close 1006'
            ]
          );
        }
      }
    });

    it('refuses a new message within a message', async (t) => {
      const connect = await start(t, role);

      await inParallel(
        [TEXT, BINARY].flatMap((first) =>
          [TEXT, BINARY].flatMap((second) =>
            [true, false].map((fin) => [first, second, fin])
          )
        ),
        async ([first, second, fin]) => {
          const conversations = await converse(connect, (peer) => [
            peer.frame(first, 'x', { fin: false }),
            peer.frame(PING),
            peer.frame(second, 'y', { fin })
          ]);

          for (const { errors, events, frames } of conversations) {
            assert.deepStrictEqual(events, [
              'ping',
              'error WS_ERR_INVALID_OPCODE',
              'close 1006'
            ]);
            assert.strictEqual(
              errors[0].message,
              `Invalid WebSocket frame: invalid opcode ${second}`
            );
            assert.deepStrictEqual(frames, ['pong', 'close 1002']);
          }
        }
      );
    });

    it('counts maxPayload over all fragments of a message', async (t) => {
      const connect = await start(t, role, { maxPayload: 10 });

      await assertHeard(
        connect,
        (peer) => [
          ...message(peer, TEXT, '01234', '56789'),
          ...message(peer, TEXT, '01234', '56789', ''),
          ...message(peer, TEXT, '01234', '5678', 'ab')
        ],
        [
          'text 0123456789',
          'text 0123456789',
          'error WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
          'close 1006'
        ]
      );
    });

    it('counts maxFragments for each message, empty ones too', async (t) => {
      const connect = await start(t, role, { maxFragments: 3 });
      const conversations = await converse(connect, (peer) => [
        ...message(peer, TEXT, 'a', 'b', 'c'),
        ...message(peer, TEXT, '', '', 'c'),
        peer.frame(TEXT, '', { fin: false }),
        peer.frame(PING),
        peer.frame(CONTINUATION, '', { fin: false }),
        peer.frame(CONTINUATION, '', { fin: false }),
        peer.frame(CONTINUATION, '', { fin: false })
      ]);

      for (const { errors, events, frames } of conversations) {
        assert.deepStrictEqual(events, [
          'text abc',
          'text c',
          'ping',
          'error WS_ERR_TOO_MANY_BUFFERED_PARTS',
          'close 1006'
        ]);
        assert.strictEqual(errors[0].message, 'Too many message fragments');
        assert.deepStrictEqual(frames, ['pong', 'close 1008']);
      }
    });

    it('sends fragments as they are asked for', async (t) => {
      const connect = await start(t, role);
      const conversation = await connect();
      const { ws } = conversation;

      ws.send('Hel', { fin: false });
      ws.ping('between');
      ws.send('', { fin: false });
      ws.send('lo');
      ws.send(Buffer.from('a'), { fin: false });
      ws.send('b', { fin: true });
      ws.close(1000);
      await conversation.over();

      assert.deepStrictEqual(conversation.frames, [
        '-fin text 48656c',
        'ping 6265747765656e',
        '-fin continuation',
        'continuation 6c6f',
        '-fin binary 61',
        'continuation 62',
        'close 1000'
      ]);
    });
  });
}

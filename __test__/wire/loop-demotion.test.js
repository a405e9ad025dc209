'use strict';

const assert = require('node:assert');
const { PassThrough } = require('node:stream');
const { describe, it } = require('node:test');

const { ROLES, start } = require('../support/conversation');
const { Context } = require('../support/deflate');
const { BINARY, CONTINUATION, PING, TEXT } = require('../support/frames');
const {
  deliver,
  openOnLoop,
  skipTouches,
  turns,
  until
} = require('../support/loop');
const { bytesOf, textOf } = require('../support/peers');

const skip = skipTouches;

/** What a program may do to the socket of a connection on loop. */
const TOUCHES = {
  "on('data')": (socket) => socket.on('data', () => {}),
  "addListener('data')": (socket) => socket.addListener('data', () => {}),
  "once('data')": (socket) => socket.once('data', () => {}),
  "prependListener('data')": (socket) =>
    socket.prependListener('data', () => {}),
  "prependOnceListener('data')": (socket) =>
    socket.prependOnceListener('data', () => {}),
  "on('readable')": (socket) =>
    // What is read is emitted as 'data', too.
    socket.on('readable', () => {
      while (socket.read() !== null);
    }),
  'pipe()': (socket) => socket.pipe(new PassThrough().resume()),
  'setTimeout()': (socket) => socket.setTimeout(60_000),
  ...Object.fromEntries(
    ['emit', 'push', 'read'].map((name) => [
      `a ${name}() of its own`,
      (socket) => {
        const method = socket[name];

        socket[name] = function (...args) {
          return method.apply(this, args);
        };
      }
    ])
  ),
  _receiver: (socket, ws) => assert.ok(ws._receiver),
  'async iteration': (socket) => {
    const chunks = socket[Symbol.asyncIterator]();

    (async () => {
      while (!(await chunks.next()).done);
    })().catch(() => {});
  }
};

/** All that a connection may carry, in one string of bytes. */
function everything(conversation) {
  return Buffer.concat([
    conversation.frame(TEXT, 'one'),
    conversation.frame(BINARY, Buffer.alloc(130, 2)),
    conversation.frame(PING, 'p'),
    conversation.frame(TEXT, 'thr', { fin: false }),
    conversation.frame(PING, 'q'),
    conversation.frame(CONTINUATION, '', { fin: false }),
    conversation.frame(CONTINUATION, 'ee')
  ]);
}

for (const role of ROLES) {
  describe(`A ${role}'s connection is demoted`, { skip }, () => {
    it('at any byte, and loses none', async (t) => {
      const connect = await start(t, role);
      const names = Object.keys(TOUCHES);
      const { length } = everything(await connect());

      for (let cut = 0; cut <= length; cut++) {
        const conversation = await openOnLoop(connect);
        const { ws } = conversation;
        const bytes = everything(conversation);
        const name = names[cut % names.length];

        await deliver(conversation, bytes.subarray(0, cut));
        assert.strictEqual(ws.transport, 'loop');
        TOUCHES[name](ws._socket, ws);
        assert.strictEqual(ws.transport, 'stream');
        conversation.write(bytes.subarray(cut));
        await until(() => conversation.events.length >= 5);
        assert.deepStrictEqual(
          conversation.events.map((event) =>
            event.replace(/ [0-9a-f]{40}$/, '')
          ),
          ['text one', 'binary 130 bytes', 'ping 70', 'ping 71', 'text three'],
          `${name} after ${cut} of ${length} bytes`
        );
        ws.terminate();
      }
    });

    it('for good', async (t) => {
      const connect = await start(t, role);
      const conversation = await openOnLoop(connect);
      const { ws } = conversation;
      const onData = () => {};

      ws._socket.on('data', onData).removeListener('data', onData);
      for (let i = 0; i < 3; i++) {
        await deliver(conversation, conversation.frame(TEXT, 'a'));
        await turns();
        assert.strictEqual(ws.transport, 'stream');
      }
      assert.deepStrictEqual(conversation.events, Array(3).fill('text a'));
    });

    for (const [name, touch] of Object.entries(TOUCHES)) {
      it(`by ${name} in a listener, in the middle of a chunk`, async (t) => {
        const connect = await start(t, role);
        const conversation = await openOnLoop(connect);
        const { ws } = conversation;
        const texts = Array.from({ length: 100 }, (_, i) => `message ${i}`);

        ws.on('message', (data) => {
          if (data.toString() !== 'message 50') return;

          assert.strictEqual(ws.transport, 'loop');
          touch(ws._socket, ws);
          assert.strictEqual(ws.transport, 'stream');
        });
        conversation.write(
          Buffer.concat(texts.map((text) => conversation.frame(TEXT, text)))
        );
        await until(() => conversation.events.length >= 100);
        conversation.send(TEXT, 'last');
        await until(() => conversation.events.length >= 101);
        assert.deepStrictEqual(
          conversation.events,
          [...texts, 'last'].map((text) => `text ${text}`)
        );
      });
    }

    for (const [what, opcode, payload] of [
      ['text', TEXT, Buffer.from(textOf(400_000))],
      ['a binary message', BINARY, bytesOf(400_000)]
    ]) {
      it(`in the middle of ${what} of 400,000 bytes`, async (t) => {
        const connect = await start(t, role);
        const cuts = [1, 9, 14, 20, 1000, 65_535, 65_536, 100_001, 399_999];

        for (const cut of cuts) {
          const conversation = await openOnLoop(connect);
          const { ws } = conversation;
          const got = [];
          const bytes = Buffer.concat([
            conversation.frame(opcode, payload),
            conversation.frame(TEXT, 'behind')
          ]);

          ws.on('message', (data) => got.push(data));
          await deliver(conversation, bytes.subarray(0, cut));
          ws._socket.on('data', () => {});
          assert.strictEqual(ws.transport, 'stream');
          conversation.write(bytes.subarray(cut));
          await until(() => got.length === 2);
          assert.ok(payload.equals(got[0]), `cut at ${cut}`);
          assert.strictEqual(got[1].toString(), 'behind');
          ws.terminate();
        }
      });
    }

    it('between the fragments of a long message', async (t) => {
      const connect = await start(t, role);
      const payload = bytesOf(300_000);
      const at = [0, 100_000, 100_000, 300_000];

      for (let part = 1; part <= 2; part++) {
        const conversation = await openOnLoop(connect);
        const { ws } = conversation;
        const got = [];
        const fragments = [0, 1, 2].map((i) =>
          conversation.frame(
            i === 0 ? BINARY : CONTINUATION,
            payload.subarray(at[i], at[i + 1]),
            { fin: i === 2 }
          )
        );

        ws.on('message', (data) => got.push(data));
        await deliver(conversation, Buffer.concat(fragments.slice(0, part)));
        ws._socket.prependListener('data', () => {});
        assert.strictEqual(ws.transport, 'stream');
        conversation.write(Buffer.concat(fragments.slice(part)));
        await until(() => got.length === 1);
        assert.ok(payload.equals(got[0]));
        ws.terminate();
      }
    });

    it('while messages are inflated, and keeps their order', async (t) => {
      const connect = await start(
        t,
        role,
        { perMessageDeflate: true },
        'permessage-deflate'
      );
      const size = 3 << 20;

      // A busy machine may be through with the first one too soon to see it.
      const isSeen = async (touch) => {
        const conversation = await openOnLoop(connect);
        const { ws } = conversation;
        const context = new Context();
        const got = [];
        const send = (data) =>
          conversation.send(TEXT, context.compress(data), { rsv: 4 });

        ws.on('message', (data) => got.push(data.length));
        await deliver(
          conversation,
          conversation.frame(TEXT, context.compress(textOf(size)), { rsv: 4 })
        );
        send('a');
        await turns();

        const isBusy = got.length === 0;

        assert.strictEqual(ws.transport, 'loop');
        touch(ws._socket, ws);
        assert.strictEqual(ws.transport, 'stream');
        for (let i = 2; i <= 20; i++) send(textOf(i));
        await until(() => got.length === 21);
        assert.deepStrictEqual(got, [
          size,
          ...Array.from({ length: 20 }, (_, i) => i + 1)
        ]);
        ws.terminate();
        return isBusy;
      };

      for (const [name, touch] of Object.entries(TOUCHES)) {
        for (let i = 0; !(await isSeen(touch)); i++) assert.ok(i < 20, name);
      }
    });

    it('while it is paused, and goes on when it is resumed', async (t) => {
      const connect = await start(t, role);

      for (const touch of Object.values(TOUCHES).slice(0, 5)) {
        const conversation = await openOnLoop(connect);
        const { ws } = conversation;

        ws.pause();
        touch(ws._socket, ws);
        assert.strictEqual(ws.transport, 'stream');
        assert.ok(ws.isPaused);
        conversation.send(TEXT, 'a').send(TEXT, 'b');
        await turns(20);
        assert.deepStrictEqual(conversation.events, []);
        ws.resume();
        await until(() => conversation.events.length === 2);
        assert.deepStrictEqual(conversation.events, ['text a', 'text b']);
        ws.terminate();
      }
    });

    it('and shows the raw bytes from there on', async (t) => {
      const connect = await start(t, role);
      const conversation = await openOnLoop(connect);
      const { ws } = conversation;
      const bytes = everything(conversation);
      const seen = [];

      await deliver(conversation, bytes.subarray(0, 7));
      ws._socket.prependListener('data', (chunk) => {
        seen.push(Buffer.from(chunk));
      });
      await deliver(conversation, bytes.subarray(7));
      assert.strictEqual(
        Buffer.concat(seen).toString('hex'),
        bytes.subarray(7).toString('hex')
      );
    });

    it('by push() and unshift(), whose bytes are taken in turn', async (t) => {
      const connect = await start(t, role);

      for (const method of ['push', 'unshift']) {
        const conversation = await openOnLoop(connect);
        const { ws } = conversation;

        await deliver(conversation, conversation.frame(TEXT, '1'));
        ws._socket[method](conversation.frame(TEXT, '2'));
        assert.strictEqual(ws.transport, 'stream');
        await until(() => conversation.events.length === 2);
        conversation.send(TEXT, '3');
        await until(() => conversation.events.length === 3);
        assert.deepStrictEqual(conversation.events, [
          'text 1',
          'text 2',
          'text 3'
        ]);
        ws.terminate();
      }
    });

    it('and still takes bytes that somebody emits', async (t) => {
      const connect = await start(
        t,
        role,
        { perMessageDeflate: true },
        'permessage-deflate'
      );
      const conversation = await openOnLoop(connect);
      const { ws } = conversation;
      const context = new Context();
      const compressed = (data) =>
        conversation.frame(TEXT, context.compress(data), { rsv: 4 });

      ws._socket.emit('data', compressed('1'));
      conversation.write(Buffer.concat([compressed('2'), compressed('3')]));
      await until(() => conversation.events.length === 3);
      assert.deepStrictEqual(conversation.events, [
        'text 1',
        'text 2',
        'text 3'
      ]);
    });
  });
}

describe('setEncoding()', { skip }, () => {
  it('demotes a client, and throws for a server as it does with ws', async (t) => {
    const client = await openOnLoop(await start(t, 'client'));
    const server = await openOnLoop(await start(t, 'server'));

    // Whoever does this gets no frame through any more; ASCII is left.
    client.ws._socket.setEncoding('utf8');
    assert.strictEqual(client.ws.transport, 'stream');
    client.write(Buffer.from('0161', 'hex'));
    client.write(Buffer.from('0001', 'hex'));
    await until(() => client.ws._socket.bytesRead >= client.before + 4);
    client.ws.terminate();
    assert.throws(() => server.ws._socket.setEncoding('utf8'), {
      code: 'ERR_HTTP_SOCKET_ENCODING'
    });
    server.send(TEXT, 'a');
    await until(() => server.events.length === 1);
    assert.deepStrictEqual(server.events, ['text a']);
  });
});

'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { ROLES, start } = require('../support/conversation');
const { CLOSE, TEXT } = require('../support/frames');
const {
  deliver,
  openOnLoop,
  skipTouches: skip,
  turns,
  until
} = require('../support/loop');

describe("Whoever takes the connection's data listener away", { skip }, () => {
  const ways = {
    removeListener: (socket, listener) =>
      socket.removeListener('data', listener),
    off: (socket, listener) => socket.off('data', listener),
    "removeAllListeners('data')": (socket) => socket.removeAllListeners('data'),
    'removeAllListeners()': (socket) => socket.removeAllListeners()
  };

  for (const role of ROLES) {
    for (const [name, remove] of Object.entries(ways)) {
      it(`by ${name} of a ${role}'s socket ends its messages, as with ws`, async (t) => {
        const connect = await start(t, role);
        const conversation = await openOnLoop(connect);
        const { ws } = conversation;
        const socket = ws._socket;
        const [listener] = socket.listeners('data');

        // What is in the chunk is heard.
        ws.once('message', () => {
          assert.strictEqual(remove(socket, listener), socket);
          assert.strictEqual(ws.transport, 'stream');
        });
        await deliver(
          conversation,
          Buffer.concat([
            conversation.frame(TEXT, '1'),
            conversation.frame(TEXT, '2')
          ])
        );
        await deliver(conversation, conversation.frame(TEXT, '3'));
        await turns();
        assert.deepStrictEqual(conversation.events, ['text 1', 'text 2']);

        // Whoever gives it back is heard again, and still speaks.
        socket.on('data', listener);
        conversation.send(TEXT, '4');
        await until(() => conversation.events.length === 3);
        assert.strictEqual(conversation.events[2], 'text 4');
        ws.send('5');
        await conversation.received(1);
        assert.deepStrictEqual(conversation.frames, ['text 35']);
      });
    }

    it(`does not happen by other removals from a ${role}'s socket`, async (t) => {
      const connect = await start(t, role);
      const conversation = await openOnLoop(connect);
      const { ws } = conversation;

      ws._socket.removeListener('data', () => {});
      ws._socket.off('drain', () => {});
      ws._socket.removeAllListeners('drain');
      assert.strictEqual(ws.transport, 'loop');
      await deliver(conversation, conversation.frame(TEXT, '1'));
      assert.deepStrictEqual(conversation.events, ['text 1']);
    });

    it(`is not the ${role} that closes, which stays on loop`, async (t) => {
      const connect = await start(t, role);
      const conversation = await openOnLoop(connect);
      const { socket, ws } = conversation;

      // This peer does not end yet.
      socket.end = () => delete socket.end;
      conversation.send(CLOSE);
      await conversation.received(1);
      assert.strictEqual(ws._socket.listenerCount('data'), 0);
      assert.strictEqual(ws.transport, 'loop');
      socket.end();
      await conversation.over();
    });
  }
});

'use strict';

// When callbacks come, seen from what a program queues itself. What is expected is what `ws` does:
//
//   WS_RS_TEST_IMPLEMENTATION=node_modules/ws node --test __test__/wire/ticks-of-sends.test.js

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { openEnds, ROLES, until } = require('../support/ends');
const { WebSocket } = require('../support/implementation');
const { frame, MASK } = require('../support/frames');
const { onlyHere } = require('../support/wires');

const PONG = 10;

/** Sends, and writes to the socket itself; what is called back goes into `log`. */
function program(ws, role, log) {
  const pong = frame(PONG, '', { mask: role === 'client' ? MASK : null });
  const note = (what) => () => log.push(what);

  return {
    own: (what) => ws._socket.write(pong, note(what)),
    send: (what, size = 10) => ws.send(Buffer.alloc(size), note(what)),
    tick: (what) => process.nextTick(note(what))
  };
}

describe('The callbacks of frames that a stream writes', () => {
  for (const wire of onlyHere(['tcp', 'unix'])) {
    for (const size of [0, 10, 1000]) {
      it(`come in the ticks of their sends, however many there are (${wire}, ${size} bytes)`, async (t) => {
        for (const role of ROLES) {
          const { near } = await openEnds(t, { role, wire });
          const log = [];
          const { own, send, tick } = program(near, role, log);

          for (let i = 1; i <= 5; i++) send(i, size);
          // From its own write on it is the stream that writes.
          own('own');
          tick('tick 1');
          for (let i = 6; i <= 10; i++) send(i, size);
          tick('tick 2');
          await until(() => log.length === 13);
          assert.strictEqual(
            log.join(),
            '1,2,3,4,5,own,tick 1,6,7,8,9,10,tick 2',
            role
          );
        }
      });
    }
  }

  it('come in order with those of writes of the program, when they are sent in a callback over TLS', async (t) => {
    for (const role of ROLES) {
      const { near } = await openEnds(t, { role, wire: 'tls' });
      const log = [];
      const { own, send } = program(near, role, log);

      near.send('first', () => {
        send('send 1');
        own('own 1');
        send('send 2');
        send('send 3');
        send('send 4');
        send('send 5');
        own('own 2');
        send('send 6', 20_000);
        own('own 3');
      });
      await until(() => log.length === 9);
      assert.strictEqual(
        log.join(),
        'send 1,own 1,send 2,send 3,send 4,send 5,own 2,send 6,own 3',
        role
      );
    }
  });

  it('come before the ticks that their program has queued, when they are sent in a callback over TLS', async (t) => {
    const { near } = await openEnds(t, { wire: 'tls' });
    const log = [];
    const { send, tick } = program(near, 'server', log);

    near.send('first', () => {
      tick('tick');
      for (let i = 1; i <= 6; i++) send(`send ${i}`);
    });
    await until(() => log.length === 7);
    assert.strictEqual(
      log.join(),
      'send 1,send 2,send 3,send 4,send 5,send 6,tick'
    );
  });

  it('come when the stream has written, before those of an end that fails', async (t) => {
    const { url } = await openEnds(t);
    const ws = new WebSocket(url);
    const log = [];

    t.after(() => ws.terminate());
    ws.on('error', () => {});
    ws.on('open', () => {
      const { send, tick } = program(ws, 'client', log);

      send('send');
      ws._socket.end((err) => log.push(err.code));
      tick('tick');
      ws.send('too late');
    });
    await until(() => log.length === 3);
    assert.strictEqual(log.join(), 'send,ERR_STREAM_WRITE_AFTER_END,tick');
  });
});

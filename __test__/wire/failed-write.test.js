'use strict';

// What is sent in the tick in which a write has failed, as the peer has reset the connection: each callback
// gets what it gets with ws, before 'close'.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { openRaw, ROLES, until } = require('../support/ends');
const { skip } = require('../support/loop');

const DESTROYED = 'ERR_STREAM_DESTROYED';

/** What a program does, and what its callbacks and 'close' say then. */
const CASES = {
  'in the next tick': {
    run(ws, note) {
      ws.send('1', note(1));
      process.nextTick(() => ws.send('2', note(2)));
    },
    log: ['1 ECONNRESET', `2 ${DESTROYED}`]
  },
  'in the next tick, behind a send without a callback': {
    run(ws, note) {
      ws.send('1');
      process.nextTick(() => ws.send('2', note(2)));
    },
    log: [`2 ${DESTROYED}`]
  },
  'in the callback': {
    run(ws, note) {
      ws.send('1', (err) => {
        note(1)(err);
        ws.send('2', note(2));
      });
    },
    log: ['1 ECONNRESET', '2 EPIPE']
  },
  'in the tick after the callback': {
    run(ws, note) {
      ws.send('1', (err) => {
        note(1)(err);
        process.nextTick(() => ws.send('2', note(2)));
      });
    },
    log: ['1 ECONNRESET', `2 ${DESTROYED}`]
  },
  'with destroy() before it': {
    run(ws, note) {
      ws.send('1', note(1));
      ws.send('2', note(2));
      ws._socket.destroy();
      ws.send('3', note(3));
      process.nextTick(() => ws.send('4', note(4)));
    },
    log: ['1 ECONNRESET', '2 EPIPE', `3 ${DESTROYED}`, `4 ${DESTROYED}`]
  },
  'with terminate() behind it': {
    run(ws, note) {
      ws.send('1', note(1));
      ws.send('2', note(2));
      ws.terminate();
    },
    log: ['1 ECONNRESET', '2 EPIPE']
  }
};

for (const role of ROLES) {
  describe(`A send when a write has failed (${role})`, { skip }, () => {
    for (const [name, { log, run }] of Object.entries(CASES)) {
      for (const isTouched of [false, true]) {
        it(`${name} has its callback called before 'close'${isTouched ? ', with a socket in use' : ''}`, async (t) => {
          const { socket, ws } = await openRaw(t, { role });
          const calls = [];
          const note = (n) => (err) => calls.push(`${n} ${err?.code}`);

          if (isTouched) ws._socket.on('close', () => {});
          ws.on('close', () => calls.push('close'));
          await new Promise((resolve) => {
            socket.resetAndDestroy();
            process.nextTick(
              process.nextTick,
              process.nextTick,
              process.nextTick,
              () => {
                run(ws, note);
                resolve();
              }
            );
          });
          await until(
            () => calls.includes('close') && calls.length > log.length
          );
          assert.deepStrictEqual(calls, [...log, 'close']);
        });
      }
    }
  });
}

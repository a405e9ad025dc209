'use strict';

// What the callbacks of frames are told when a program ends the socket while the kernel takes no more, and
// sends all the same: a write under way has another fate than those behind it.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { openRaw, ROLES, turns, until } = require('../support/ends');
const { WIRES } = require('../support/wires');

/** More than the kernel takes. */
const LONG = 12_000_000;
/** What a write under way gets whose socket is destroyed. */
const CANCELED =
  Number.parseInt(process.versions.node, 10) < 22
    ? ['ERR_STREAM_DESTROYED']
    : ['ECANCELED'];

const ENDS = {
  'end()': (socket) => socket.end(),
  'end() with bytes': (socket) => socket.end('abc'),
  'destroySoon()': (socket) => socket.destroySoon()
};

/** Opens a connection whose peer does not read, with a message half written. */
async function openBlocked(t, options) {
  const { socket, ws } = await openRaw(t, options);
  const outcomes = {};
  const note = (name) => (err) => {
    outcomes[name] = err ? err.code : err;
  };

  ws.send(Buffer.alloc(LONG), note('long'));
  await turns();
  assert.deepStrictEqual(outcomes, {});
  return { note, outcomes, socket, ws };
}

// A mere duplex has no end of its own to be told from.
for (const wire of WIRES.filter((name) => name !== 'duplex')) {
  for (const role of ROLES) {
    describe(`Behind a message half written (${wire}, ${role})`, () => {
      for (const [name, end] of Object.entries(ENDS)) {
        it(`sends are told that ${name} came before them`, async (t) => {
          const { note, outcomes, ws } = await openBlocked(t, { role, wire });

          ws.send('queued', note('queued'));
          ws.send(Buffer.alloc(20_000), note('long, too'));
          end(ws._socket);
          ws.send('late', note('late'));
          await until(() => Object.keys(outcomes).length === 4);

          const { long, ...others } = outcomes;

          assert.ok(CANCELED.includes(long), long);
          assert.deepStrictEqual(others, {
            late: 'ERR_STREAM_WRITE_AFTER_END',
            'long, too': 'ERR_STREAM_WRITE_AFTER_END',
            queued: 'ERR_STREAM_WRITE_AFTER_END'
          });
        });
      }

      it('another is lost, and it is not, if the peer reads that much', async (t) => {
        const { note, outcomes, socket, ws } = await openBlocked(t, {
          role,
          wire
        });
        let length = 0;

        ws.send(Buffer.alloc(LONG), note('behind it'));
        ws._socket.end();
        socket.on('data', (bytes) => {
          length += bytes.length;
          if (length >= LONG) socket.pause();
        });
        socket.resume();
        await until(() => outcomes.long !== undefined);
        assert.deepStrictEqual(outcomes, { long: null });
        ws.terminate();
        await until(() => outcomes['behind it'] !== undefined);
        assert.ok(outcomes['behind it'], 'an error');
      });
    });
  }
}

describe('A socket that is destroyed with a message half written', () => {
  it('has the error of that write, where Node gives one', async (t) => {
    for (const role of ROLES) {
      const { outcomes, ws } = await openBlocked(t, { role });
      const socket = ws._socket;

      socket.on('close', () => {});
      socket.destroy();
      await until(() => outcomes.long !== undefined);
      assert.strictEqual(
        socket.errored?.code,
        outcomes.long === 'ECANCELED' ? 'ECANCELED' : undefined
      );
    }
  });
});

describe('A socket that was ended', () => {
  it('fails within send(), the fifth of a tick, too', async (t) => {
    for (const role of ROLES) {
      const { ws } = await openRaw(t, { role });
      const socket = ws._socket;

      socket.on('close', () => {});
      for (let i = 0; i < 5; i++) ws.send('in time');
      socket.end();
      ws.send('late');
      assert.strictEqual(socket.errored?.code, 'ERR_STREAM_WRITE_AFTER_END');
    }
  });
});

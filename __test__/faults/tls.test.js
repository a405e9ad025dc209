'use strict';

// Over TLS, what a peer sends and how a connection ends cannot abort the process, and what was sent
// to a peer that reads arrives. Aborts show in processes of their own.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const {
  messagesOf,
  openEnds,
  ROLES,
  turns,
  until
} = require('../support/ends');
const { isolated } = require('../support/programs');

/** Floods a connection that answers, then asks another one for an echo. */
async function flood(t, { openRaw, openEnds, sleep, until }, argument) {
  const { frame, MASK } = require('./__test__/support/frames');
  const { role, wire, size, first, pings, autoPong, record } = argument;
  const mask = role === 'server' ? MASK : null;
  const { socket, ws } = await openRaw(t, { role, wire, near: { autoPong } });
  const ping = frame(9, '', { mask });

  ws.on('message', (data) => ws.send(data));
  ws.on('ping', () => !autoPong && ws.pong());
  socket.setMaxSendFragment?.(record);
  socket.write(
    Buffer.concat([
      ...Array(first).fill(frame(1, 'A'.repeat(size), { mask })),
      ...Array(pings).fill(ping)
    ])
  );
  await sleep(100);
  socket.destroy();

  const { near, far } = await openEnds(t, { wire });
  let echo = null;

  near.on('message', (data) => near.send(data));
  far.on('message', (data) => (echo = String(data)));
  far.send('hello');
  await until(() => echo !== null);
  return echo;
}

/** Ends a connection while a long write is under way and others wait. */
async function endHalfWay(t, { openEnds, sleep }, { behind, end, role, wire }) {
  const { near, far } = await openEnds(t, { role, wire });

  far.pause();
  near.send(Buffer.alloc(9e6));
  await sleep(50);
  for (let i = 0; i < behind; i++) near.send(`goodbye ${i}`);
  if (end === 'terminate') near.terminate();
  else if (end === 'close') (near.close(), near.terminate());
  else near._socket[end]();
  near.send('too late', () => {});
  await sleep(50);
  return [near.readyState, near.listenerCount('close')];
}

describe('a flood of pings', () => {
  const kinds = {
    'behind a text, in records of 512 bytes': { size: 492, record: 512 },
    'behind a text of 20 kB': { size: 20000, record: 512 },
    'behind three texts': { first: 3, size: 100, record: 256 },
    'of 300': { pings: 300, size: 10, record: 300 },
    'without a text': { first: 0, record: 512, size: 0 },
    'that the program answers': { autoPong: false, size: 492, record: 512 }
  };

  for (const [name, kind] of Object.entries(kinds)) {
    for (const role of ROLES) {
      it(`over TLS, ${name}, harms nobody else (${role})`, async () => {
        const argument = { autoPong: true, first: 1, pings: 63, ...kind };

        assert.strictEqual(
          await isolated(flood, { ...argument, role, wire: 'tls' }),
          'hello'
        );
      });
    }
  }

  it('over a plain stream harms nobody else', async () => {
    const argument = { autoPong: true, first: 1, pings: 63, size: 492 };

    for (const role of ROLES) {
      assert.strictEqual(
        await isolated(flood, { ...argument, role, wire: 'duplex' }),
        'hello'
      );
    }
  });
});

describe('an end while a write is under way', () => {
  for (const end of ['terminate', 'destroy', 'destroySoon', 'close']) {
    it(`aborts nothing over TLS (${end})`, async () => {
      for (const role of ROLES) {
        for (const behind of [1, 3]) {
          const [state] = await isolated(endHalfWay, {
            behind,
            end,
            role,
            wire: 'tls'
          });

          // destroySoon() waits for the peer to read.
          assert.ok(end === 'destroySoon' ? state > 0 : state === 3);
        }
      }
    });
  }
});

describe('the last messages before an end', () => {
  for (const size of [0, 125, 16383, 16384, 20000, 65536]) {
    it(`arrive over TLS, the first of them: ${size} bytes`, async (t) => {
      for (const role of ROLES) {
        for (const end of ['terminate', 'destroy']) {
          const { near, far } = await openEnds(t, { role, wire: 'tls' });
          const got = messagesOf(far, (data) => data.length);

          near.send(Buffer.alloc(size));
          near.send('bye');
          if (end === 'terminate') near.terminate();
          else near._socket.destroy();
          await until(() => far.readyState === 3);
          assert.strictEqual(got[0], size, `${role}, ${end}`);
        }
      }
    });
  }

  it('arrive over TLS, compressed, once they are compressed', async (t) => {
    const { near, far } = await openEnds(t, { deflate: true, wire: 'tls' });
    const got = messagesOf(far, (data) => data.length);

    near.send(Buffer.alloc(20000), () => near.terminate());
    await until(() => far.readyState === 3);
    assert.deepStrictEqual(got, [20000]);
  });

  it('arrive over TLS, all of them, before a close frame', async (t) => {
    for (const role of ROLES) {
      const { near, far } = await openEnds(t, { role, wire: 'tls' });
      const got = messagesOf(far, (data) => data.length);
      const sizes = [20000, 3, 0, 70000, 16384, 1];

      for (const size of sizes) near.send(Buffer.alloc(size));
      near.close(4000);

      const code = await new Promise((resolve) => far.once('close', resolve));

      assert.strictEqual(code, 4000);
      assert.deepStrictEqual(got, sizes);
    }
  });

  it('arrive over TLS, all of them, before socket.end()', async (t) => {
    for (const role of ROLES) {
      const { near, far } = await openEnds(t, { role, wire: 'tls' });
      const got = messagesOf(far, (data) => data.length);

      near.send(Buffer.alloc(20000));
      near.send('bye');
      near._socket.end();
      await until(() => far.readyState === 3);
      assert.deepStrictEqual(got, [20000, 3]);
      await turns();
    }
  });
});

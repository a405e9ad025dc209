'use strict';

// What the callbacks of send(), ping(), pong() and close frames are told: once each, in order,
// `null` when it was written, and an error when it never will be.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const {
  openEnds,
  openRaw,
  ROLES,
  sleep,
  turns,
  until
} = require('../support/ends');
const { frame, MASK, TEXT } = require('../support/frames');
const { WIRES } = require('../support/wires');

/** Sends of every kind, each with a callback. */
const sends = {
  text: (ws, done) => ws.send('text', done),
  'empty text': (ws, done) => ws.send('', done),
  'long text': (ws, done) => ws.send('x'.repeat(20000), done),
  binary: (ws, done) => ws.send(Buffer.alloc(100), done),
  '20 kB': (ws, done) => ws.send(Buffer.alloc(20000), done),
  '300 kB': (ws, done) => ws.send(Buffer.alloc(300000), done),
  'an ArrayBuffer': (ws, done) => ws.send(new ArrayBuffer(10), done),
  'a Blob': (ws, done) => ws.send(new Blob(['blob']), done),
  'uncompressed text': (ws, done) => ws.send('t', { compress: false }, done),
  'a fragment': (ws, done) => ws.send('a', { fin: false }, done),
  'the last fragment': (ws, done) => ws.send('b', done),
  ping: (ws, done) => ws.ping('', undefined, done),
  pong: (ws, done) => ws.pong('', undefined, done)
};

describe('a callback', () => {
  for (const wire of WIRES) {
    it(`gets null when all went well (${wire})`, async (t) => {
      for (const role of ROLES) {
        for (const deflate of [false, true]) {
          const { near } = await openEnds(t, { deflate, role, wire });

          for (const [name, send] of Object.entries(sends)) {
            const args = await new Promise((resolve) => {
              send(near, (...all) => resolve(all));
            });

            assert.strictEqual(args.length, 1, name);
            // A fragment's and a Blob's are told by whoever wrote them, too.
            assert.strictEqual(args[0], null, `${name}, ${role}, ${deflate}`);
          }
        }
      }
    });

    it(`comes in the order of the sends, and never within one (${wire})`, async (t) => {
      for (const role of ROLES) {
        for (const deflate of [false, true]) {
          const { near } = await openEnds(t, { deflate, role, wire });
          const names = Object.keys(sends);
          const called = [];
          let isSending = true;
          let isEarly = false;

          for (const name of names) {
            sends[name](near, () => {
              called.push(name);
              isEarly ||= isSending;
            });
          }
          isSending = false;
          await until(() => called.length === names.length);
          await turns();
          assert.deepStrictEqual(called, names);
          assert.strictEqual(isEarly, false);
          assert.strictEqual(near.bufferedAmount, 0);
        }
      }
    });
  }

  for (const isLookedAt of [false, true]) {
    const who = isLookedAt ? 'bytes are looked at' : 'no bytes are looked at';

    it(`of a send that comes too late is behind others, also between messages of one chunk (${who})`, async (t) => {
      for (const role of ROLES) {
        const { socket, ws } = await openRaw(t, { role });
        const mask = role === 'server' ? MASK : null;
        const called = [];

        if (isLookedAt) ws._socket.on('data', () => {});
        ws.once('message', () => {
          ws.send('in time', () => called.push('in time'));
          ws.ping('', undefined, () => called.push('ping'));
          ws.close();
          ws.on('message', () => ws.send('late', () => called.push('late')));
        });
        socket.write(
          Buffer.concat(
            ['1', '2', '3'].map((text) => frame(TEXT, text, { mask }))
          )
        );
        await until(() => called.length === 4);
        assert.deepStrictEqual(called, ['in time', 'ping', 'late', 'late']);
      }
    });
  }
});

describe('what is dropped by an end', () => {
  const ends = {
    terminate: (ws) => ws.terminate(),
    destroy: (ws) => ws._socket.destroy(),
    'destroy with an error': (ws) => ws._socket.destroy(new Error('enough')),
    'the peer': (ws, socket) => socket.destroy()
  };

  for (const wire of WIRES) {
    for (const [name, end] of Object.entries(ends)) {
      it(`has an error in each callback (${name}, ${wire})`, async (t) => {
        for (const role of ROLES) {
          for (const behind of [1, 3, 100]) {
            const { socket, ws } = await openRaw(t, { role, wire });
            const reports = [];
            let closed = 0;

            ws.on('close', () => closed++);
            ws.send(Buffer.alloc(14e6), (err) => reports.push(['long', err]));
            await sleep(10);
            for (let i = 0; i < behind; i++) {
              ws.send(`commit ${i}`, (err) => reports.push([i, err]));
            }
            end(ws, socket);
            ws.send('too late', (err) => reports.push(['late', err]));
            await until(() => closed === 1);
            await until(() => reports.length === behind + 2);
            await turns();
            assert.strictEqual(closed, 1);
            assert.strictEqual(reports.length, behind + 2);
            for (const [which, err] of reports) {
              // On Node 20 the write that is under way succeeds, as Node says.
              assert.ok(which === 'long' || err instanceof Error, `${which}`);
            }

            const order = reports.map(([i]) => i).filter((i) => i >= 0);

            assert.deepStrictEqual(order, [...Array(behind).keys()]);
          }
        }
      });
    }
  }

  it('has an error in each callback when it waits to be compressed', async (t) => {
    for (const role of ROLES) {
      for (const end of [ends.terminate, ends.destroy]) {
        const { near } = await openEnds(t, { deflate: true, role });
        const reports = [];

        for (let i = 0; i < 5; i++) {
          near.send(Buffer.alloc(200000), (err) => reports.push([i, err]));
        }
        near.send(new Blob(['x']), (err) => reports.push([5, err]));
        near.ping('', undefined, (err) => reports.push([6, err]));
        end(near);
        await until(() => reports.length === 7);
        await turns();
        assert.strictEqual(reports.length, 7);
        assert.ok(reports.every(([, err]) => err instanceof Error));
        assert.strictEqual(near.readyState, 3);
      }
    }
  });
});

describe('bufferedAmount', () => {
  const spoils = {
    transferred: (data) => structuredClone(data, { transfer: [data] }),
    resized: (data) => data.resize(10)
  };

  for (const [name, spoil] of Object.entries(spoils)) {
    it(`is 0 in the end when what waits to be compressed is ${name}`, async (t) => {
      for (const role of ROLES) {
        for (const wire of ['tcp', 'tls']) {
          const { near, far } = await openEnds(t, {
            deflate: true,
            role,
            wire
          });
          const data = new ArrayBuffer(200000, { maxByteLength: 200000 });
          let last = null;

          far.on('message', (message) => (last = message.length));
          near.send(Buffer.alloc(300000));
          near.send(data);
          spoil(data);
          near.send('last');
          await until(() => last === 4);
          assert.strictEqual(near.bufferedAmount, 0);
        }
      }
    });
  }

  for (const wire of WIRES) {
    it(`is 0 when all callbacks came (${wire})`, async (t) => {
      for (const role of ROLES) {
        for (const deflate of [false, true]) {
          const { near, far } = await openEnds(t, { deflate, role, wire });
          let count = 0;

          far.pause();
          near.send(Buffer.alloc(14e6), () => count++);
          for (let i = 0; i < 10; i++) near.send(`message ${i}`, () => count++);
          assert.ok(near.bufferedAmount > 0);
          far.resume();
          await until(() => count === 11);
          assert.strictEqual(near.bufferedAmount, 0);
        }
      }
    });

    it(`is 0 behind terminate(), with callbacks and without (${wire})`, async (t) => {
      for (const role of ROLES) {
        for (const callback of [undefined, () => {}]) {
          const { near, far } = await openEnds(t, { role, wire });
          const seen = [];
          const socket = near._socket;

          far.pause();
          near.on('close', () => {
            seen.push(near.bufferedAmount, socket.writableLength);
          });
          near.send(Buffer.alloc(14e6), callback);
          await sleep(20);
          near.terminate();
          assert.ok(near.bufferedAmount > 0);
          await until(() => seen.length > 0);
          assert.deepStrictEqual(seen, [0, 0], role);
        }
      }
    });
  }
});

describe('a send that meets the reset of the peer', () => {
  const reset = {
    tcp: (socket) => socket.resetAndDestroy(),
    tls: (socket) => socket.below.resetAndDestroy()
  };

  for (const role of ROLES) {
    for (const size of [1, 1000, 20000]) {
      it(`gets ECONNRESET (${role}, ${size} bytes)`, async (t) => {
        const { socket, ws } = await openRaw(t, { role });
        const reports = [];
        const codes = [];

        ws.on('close', (code) => codes.push(code));
        reset.tcp(socket);
        // The reset is there, and nobody has looked.
        for (const end = Date.now() + 30; Date.now() < end;);
        ws.send(Buffer.alloc(size), (err) => reports.push(err?.message));
        await until(() => codes.length === 1);
        assert.deepStrictEqual(codes, [1006]);
        assert.deepStrictEqual(reports, ['write ECONNRESET']);
      });
    }
  }

  // On a stream, what a tick sends is one write.
  const codeBehind = ({ transport }) =>
    transport === 'stream' ? 'ECONNRESET' : 'EPIPE';

  for (const role of ROLES) {
    it(`gets EPIPE behind another that did, which closes it (${role})`, async (t) => {
      const { socket, ws } = await openRaw(t, { role });
      const log = [];
      let behind;
      const send = (name) => {
        log.push(`${name} in state ${ws.readyState}`);
        ws.send(name, (err) => log.push(`${name}: ${err.code ?? 'not open'}`));
      };

      ws.on('close', (code) => log.push(code));
      // From a timer, an immediate comes before what closes.
      setTimeout(() => {
        reset.tcp(socket);
        for (const end = Date.now() + 30; Date.now() < end;);
        behind = codeBehind(ws);
        send('a');
        ws.send('without a callback');
        send('b');
        setImmediate(send, 'c');
      }, 1);
      await until(() => log.length === 7);
      assert.deepStrictEqual(log, [
        'a in state 1',
        'b in state 1',
        'a: ECONNRESET',
        `b: ${behind}`,
        'c in state 2',
        'c: not open',
        1006
      ]);
    });

    it(`keeps no other from its callback by one that throws (${role})`, async (t) => {
      const { socket, ws } = await openRaw(t, { role });
      const codes = [];
      const thrown = [];
      const others = process.rawListeners('uncaughtException');

      process.removeAllListeners('uncaughtException');
      process.on('uncaughtException', (err) => thrown.push(err.message));
      t.after(() => {
        process.removeAllListeners('uncaughtException');
        for (const other of others) process.on('uncaughtException', other);
      });
      reset.tcp(socket);
      for (const end = Date.now() + 30; Date.now() < end;);

      const behind = codeBehind(ws);

      ws.send('a', (err) => {
        codes.push(err.code);
        throw new Error('a');
      });
      ws.send('b', (err) => codes.push(err.code));
      ws.send('c', (err) => codes.push(err.code));
      await until(() => codes.length === 3);
      assert.deepStrictEqual(codes, ['ECONNRESET', behind, behind]);
      assert.deepStrictEqual(thrown, ['a']);
    });
  }

  it('ends a TLS connection, too', async (t) => {
    const { socket, ws } = await openRaw(t, { wire: 'tls' });
    const reports = [];
    const codes = [];

    ws.on('close', (code) => codes.push(code));
    reset.tls(socket);
    for (const end = Date.now() + 30; Date.now() < end;);
    ws.send('x', (err) => reports.push(err instanceof Error));
    await until(() => codes.length === 1 && reports.length === 1);
    assert.deepStrictEqual([codes, reports], [[1006], [true]]);
  });
});

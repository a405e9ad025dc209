'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { turns } = require('../support/loop');
const { open } = require('../support/noted');
const { closeOf, openDuplexPair, openPair } = require('../support/pairs');
const { eventually } = require('../support/patience');

function fail(message) {
  throw new Error(message);
}

for (const [name, openSockets] of Object.entries({
  'a TCP socket': openPair,
  'a mere duplex': openDuplexPair
})) {
  describe(`A write() that was put on ${name}`, () => {
    for (const size of [10, 5000, 20_000]) {
      it(`may send ${size} bytes, which are not forgotten`, async (t) => {
        const { note, outcomes, peer, received } = await open(t, openSockets);
        const { _socket: socket } = peer;
        const { write } = socket;
        let count = 0;

        socket.write = function (...args) {
          if (count++ < 3) peer.send(Buffer.alloc(size, 'x'), note('inner'));
          return write.apply(this, args);
        };
        peer.send('outer', note('outer'));
        peer.send(Buffer.alloc(30_000), note('long'));
        await eventually(
          () => received.length === 5 && outcomes.length === 5,
          () => `${received} ${outcomes}`
        );
        assert.deepStrictEqual([...outcomes].sort(), [
          'inner',
          'inner',
          'inner',
          'long',
          'outer'
        ]);
      });
    }

    it('may destroy the socket', async (t) => {
      const { client, note, outcomes, peer } = await open(t, openSockets);
      const { _socket: socket } = peer;
      const { write } = socket;
      const over = closeOf(client);

      socket.write = function (...args) {
        this.destroy();
        return write.apply(this, args);
      };
      peer.send('1', note('1'));
      peer.send('2', note('2'));
      await over;
      await eventually(
        () => outcomes.length === 2,
        () => outcomes.join()
      );
      assert.deepStrictEqual(outcomes, [
        ['1', 'ERR_STREAM_DESTROYED'],
        ['2', 'ERR_STREAM_DESTROYED']
      ]);
    });

    it('may throw: send() does, or its callback gets the error', async (t) => {
      const { client, outcomes, peer } = await open(t, openSockets);
      const other = await open(t, openSockets);
      const thrown = [];
      const note = (name) => (err) => outcomes.push([name, err?.message]);

      client.on('error', () => {});
      peer._socket.write = () => fail('Oops');
      for (const length of [20_000, 1, 1]) {
        try {
          peer.send(Buffer.alloc(length), note(length));
        } catch (err) {
          thrown.push(err.message);
        }
        other.peer.send('a');
      }
      assert.strictEqual(thrown[0], 'Oops');
      await turns();
      assert.ok(outcomes.every(([, message]) => message === 'Oops'));
      assert.strictEqual(outcomes.length + thrown.length, 3);
      await eventually(
        () => other.received.length === 3,
        () => other.received.join()
      );
    });

    it('may throw while the socket is destroyed', async (t) => {
      const { client, note, outcomes, peer } = await open(t, openSockets);
      const over = closeOf(client);

      client.on('error', () => {});
      peer.send('1');
      peer.send('2');
      peer.send('3', note('3'));
      peer._socket.write = () => fail('Oops');
      peer.terminate();
      await over;
      assert.strictEqual(peer._socket.destroyed, true);
      assert.ok(outcomes.length <= 1);
    });
  });
}

/** What comes first behind the end of a client's socket: a callback, or the error. */
async function orderBehindEnd(t, send, role = 'client') {
  const { [role]: ws } = await openPair(t);
  const order = [];

  ws._socket.on('error', (err) => order.push(err.code));
  await turns();
  ws._socket.end();
  for (const name of ['first', 'second']) {
    send(ws, (err) => order.push(`${name} ${err.code}`));
  }
  await closeOf(ws);
  return order;
}

// A frame whose payload is masked in a copy is one write with ws. Others are two, and the
// socket has met the error before it calls back for the second.
describe('What a client sends behind the end of its socket', () => {
  const CODE = 'ERR_STREAM_WRITE_AFTER_END';

  for (const [what, send] of Object.entries({
    bytes: (ws, cb) => ws.send(Buffer.from('abc'), cb),
    'long bytes': (ws, cb) => ws.send(Buffer.alloc(70_000), cb),
    'an empty text': (ws, cb) => ws.send('', cb),
    'a ping': (ws, cb) => ws.ping(cb),
    'one chunk': (ws, cb) => ws._sender.sendFrame([Buffer.alloc(3)], cb)
  })) {
    it(`is called back for before the error: ${what}`, async (t) => {
      assert.deepStrictEqual(await orderBehindEnd(t, send), [
        ...[`first ${CODE}`, CODE, `second ${CODE}`]
      ]);
    });
  }

  for (const [what, send] of Object.entries({
    text: (ws, cb) => ws.send('abc', cb),
    'an array': (ws, cb) => ws.send([1, 2, 3], cb),
    'an array with options': (ws, cb) => ws.send([1, 2], { binary: false }, cb),
    'an array in a ping': (ws, cb) => ws.ping([1, 2, 3], undefined, cb),
    'long text': (ws, cb) => ws.send('abc'.repeat(20_000), cb),
    'bytes without a mask': (ws, cb) =>
      ws.send(Buffer.from('abc'), { mask: false }, cb),
    'two chunks': (ws, cb) =>
      ws._sender.sendFrame([Buffer.alloc(2), Buffer.alloc(3)], cb)
  })) {
    it(`is called back for behind the error: ${what}`, async (t) => {
      assert.deepStrictEqual(await orderBehindEnd(t, send), [
        ...[CODE, `first ${CODE}`, `second ${CODE}`]
      ]);
    });
  }

  it('is called back for before the error: an empty blob', async (t) => {
    const send = (ws, cb) => ws.send(new Blob([]), cb);
    const order = await orderBehindEnd(t, send);

    assert.deepStrictEqual(order.slice(0, 2), [`first ${CODE}`, CODE]);
  });
});

// With ws a frame without a payload is one write. Others of a server are two.
describe('What a server sends behind the end of its socket', () => {
  const CODE = 'ERR_STREAM_WRITE_AFTER_END';

  for (const [what, send] of Object.entries({
    'an empty text': (ws, cb) => ws.send('', cb),
    'no bytes': (ws, cb) => ws.send(Buffer.alloc(0), cb),
    'a ping': (ws, cb) => ws.ping(cb),
    'a fragment without a payload': (ws, cb) => ws.send('', { fin: false }, cb)
  })) {
    it(`is called back for before the error: ${what}`, async (t) => {
      assert.deepStrictEqual(await orderBehindEnd(t, send, 'peer'), [
        ...[`first ${CODE}`, CODE, `second ${CODE}`]
      ]);
    });
  }

  it('is called back for behind the error: bytes', async (t) => {
    const send = (ws, cb) => ws.send(Buffer.from('abc'), cb);

    assert.deepStrictEqual(await orderBehindEnd(t, send, 'peer'), [
      ...[CODE, `first ${CODE}`, `second ${CODE}`]
    ]);
  });
});

describe('What is sent behind the destruction of the socket', () => {
  it('is called back for before whatever the program does in a tick behind it', async (t) => {
    for (const role of ['client', 'peer']) {
      const { [role]: ws } = await openPair(t);
      const log = [];

      await turns();
      ws._socket.destroy();
      // The first three frames of a tick are written at once, others at its end.
      for (let i = 1; i <= 6; i++) ws.send('a', (err) => log.push(err.code));
      process.nextTick(() => log.push('tick'));
      await closeOf(ws);
      assert.deepStrictEqual(log, [
        ...Array(6).fill('ERR_STREAM_DESTROYED'),
        'tick'
      ]);
    }
  });
});

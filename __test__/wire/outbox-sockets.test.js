'use strict';

const assert = require('node:assert');
const { createHash, randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const Sender = require('../../lib/connection/sender');
const { tick } = require('../support/events');
const {
  closeOf,
  collect,
  openDuplexPair,
  openPair,
  openRawClient,
  openTlsPair,
  readBytes
} = require('../support/pairs');

/** The ways to connect two ends; frames of `peer` are not masked. */
const SOCKETS = {
  'a TCP socket': openPair,
  'a TLS socket': openTlsPair,
  'a mere duplex': openDuplexPair
};

function frame(data) {
  return Buffer.concat(
    Sender.frame(Buffer.from(data), {
      fin: true,
      mask: false,
      opcode: 2,
      readOnly: true
    })
  );
}

function sha256(...chunks) {
  const hash = createHash('sha256');

  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

function texts(events) {
  return events.map(([data]) => String(data));
}

for (const [name, open] of Object.entries(SOCKETS)) {
  describe(`On ${name}`, () => {
    it('raw writes and frames keep the order of the program', async (t) => {
      const { client, peer } = await open(t);
      const socket = peer._socket;
      const received = collect(client, 'message', 8);

      peer.send('1');
      socket.write(frame('2'));
      peer.send(Buffer.alloc(30_000, '3'));
      socket.write(frame('4').toString('latin1'), 'latin1');
      peer.send('5');
      peer.send('6');
      socket.write(frame('7'));
      peer.send('8');
      assert.deepStrictEqual(
        texts(await received).map((text) => text[0]),
        ['1', '2', '3', '4', '5', '6', '7', '8']
      );
    });

    it('the end of the socket comes behind the frames', async (t) => {
      const { client, peer } = await open(t);
      const messages = [];

      client.on('message', (data) => messages.push(String(data)));
      peer.send('1');
      peer.send('2');
      peer._socket.end(frame('3'));
      await closeOf(client);
      assert.deepStrictEqual(messages, ['1', '2', '3']);
    });

    it('the end without bytes does too', async (t) => {
      const { client, peer } = await open(t);
      const messages = [];

      client.on('message', (data) => messages.push(String(data)));
      peer.send('1');
      peer._socket.end();
      await closeOf(client);
      assert.deepStrictEqual(messages, ['1']);
    });

    it('frames that are sent before terminate() go out, or fail', async (t) => {
      const { client, peer } = await open(t);
      const messages = [];
      const outcomes = [];

      client.on('message', (data) => messages.push(String(data)));
      peer.send('1', (err) => outcomes.push(err));
      peer.send('2', (err) => outcomes.push(err));
      peer.terminate();
      await closeOf(client);
      if (peer.readyState !== peer.CLOSED) await closeOf(peer);
      await tick();
      assert.strictEqual(outcomes.length, 2);
      assert.strictEqual(outcomes[0], null);
      // The kernel takes both. TLS is still at the first, as is the duplex.
      if (open === openPair) {
        assert.deepStrictEqual(messages, ['1', '2']);
        assert.deepStrictEqual(outcomes, [null, null]);
      } else {
        assert.deepStrictEqual(messages, ['1']);
        assert.strictEqual(outcomes[1].code, 'ERR_STREAM_DESTROYED');
      }
    });

    it('a corked socket keeps frames, and their order', async (t) => {
      const { client, peer } = await open(t);
      const socket = peer._socket;
      const messages = [];

      client.on('message', (data) => messages.push(String(data)));
      socket.cork();
      peer.send('1');
      socket.write(frame('2'));
      peer.send('3');
      for (let i = 0; i < 10; i++) await tick();
      assert.deepStrictEqual(messages, []);

      const last = once(client, 'message');

      socket.uncork();
      await last;
      peer.send('4');
      while (messages.length < 4) await once(client, 'message');
      assert.deepStrictEqual(messages, ['1', '2', '3', '4']);
    });

    it('a socket that is corked after a frame keeps the order too', async (t) => {
      const { client, peer } = await open(t);
      const socket = peer._socket;
      const received = collect(client, 'message', 3);

      peer.send('1');
      socket.cork();
      socket.write(frame('2'));
      peer.send('3');
      await tick();
      socket.uncork();
      assert.deepStrictEqual(texts(await received), ['1', '2', '3']);
    });

    it('callbacks come in order, each once, behind their frames', async (t) => {
      const { client, peer } = await open(t);
      const calls = [];

      for (let i = 0; i < 100; i++) {
        const size = i % 10 === 0 ? 50_000 : i;
        const callback = (err) => calls.push([i, err ?? null]);

        if (i % 3 === 0) {
          peer._sender.sendFrame([frame(Buffer.alloc(size))], callback);
        } else peer.send(Buffer.alloc(size), callback);
      }
      assert.deepStrictEqual(calls, []);

      await collect(client, 'message', 100);
      await new Promise((resolve) => peer.send('', resolve));
      assert.deepStrictEqual(
        calls,
        Array.from({ length: 100 }, (_, i) => [i, null])
      );
    });

    it('everything arrives though the peer does not read for a while', async (t) => {
      const { client, peer } = await open(t);
      const sizes = [1, 100, 16_383, 16_384, 70_000, 1 << 20, 4 << 20, 3, 9999];
      const datas = [...sizes, ...sizes].map((size) => randomBytes(size));
      let calls = 0;

      client.pause();
      for (const data of datas) peer.send(data, () => calls++);
      for (let i = 0; i < 10; i++) await tick();
      assert.ok(peer.bufferedAmount > 0);

      const received = collect(client, 'message', datas.length);

      client.resume();
      assert.deepStrictEqual(
        (await received).map(([data]) => sha256(data)),
        datas.map((data) => sha256(data))
      );
      await new Promise((resolve) => peer.send('', resolve));
      assert.strictEqual(calls, datas.length);
      assert.strictEqual(peer.bufferedAmount, 0);
    });
  });
}

describe('bufferedAmount', () => {
  it('is 0 once the kernel has taken everything', async (t) => {
    const { client, peer } = await openPair(t);

    peer.send('a');
    assert.strictEqual(peer.bufferedAmount, 0);
    await once(client, 'message');
    peer.send(Buffer.alloc(20_000));
    assert.strictEqual(peer.bufferedAmount, 0);
  });

  it('is what the socket has queued, and goes down to 0', async (t) => {
    const { peer, socket } = await openRawClient(t);
    const chunk = Buffer.alloc(1 << 20, 'x');
    let count = 0;

    socket.pause();
    for (; count < 100 && peer.bufferedAmount === 0; count++) peer.send(chunk);
    assert.ok(peer.bufferedAmount > 0);
    assert.strictEqual(peer.bufferedAmount, peer._socket.writableLength);

    // All that is sent now is queued, header and all.
    const before = peer.bufferedAmount;

    peer.send(chunk);
    assert.strictEqual(peer.bufferedAmount, before + chunk.length + 10);

    const drained = once(peer._socket, 'drain');

    await readBytes(socket, (count + 1) * (chunk.length + 10));
    await drained;
    assert.strictEqual(peer.bufferedAmount, 0);
  });

  it('counts small frames that the socket has queued', async (t) => {
    const { peer, socket } = await openRawClient(t);

    socket.pause();
    peer.send(Buffer.alloc(32 << 20));

    const before = peer.bufferedAmount;

    assert.ok(before > 0);
    for (let i = 0; i < 10; i++) peer.send('abc');
    // In the same turn of the loop: the kernel may take more in the next.
    await new Promise((resolve) => process.nextTick(resolve));
    assert.strictEqual(peer.bufferedAmount, before + 50);
  });
});

describe('bytesWritten of the socket', () => {
  it('counts the frames, as those of any socket', async (t) => {
    const { client, peer } = await openPair(t);
    const before = peer._socket.bytesWritten;

    peer.send('a'.repeat(1000));
    peer.send(Buffer.alloc(30_000));
    await collect(client, 'message', 2);
    assert.strictEqual(peer._socket.bytesWritten - before, 1004 + 30_004);
  });
});

'use strict';

const assert = require('node:assert');
const { createHash, randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const FlushQueue = require('../../lib/wire/flush-queue');
const Output = require('../../lib/wire/output');
const Sender = require('../../lib/api/sender');
const native = require('../../lib/native');
const { hex, tick } = require('../support/events');
const {
  closeOf,
  collect,
  duplexPair,
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

const FIN_TEXT = 0x81;
const FIN_BINARY = 0x82;

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

/** An output of its own, over a duplex; frees what it holds. */
function createOutput(t) {
  const [socket] = duplexPair();
  const id = native.connectionCreate(true, 0, 0, 0, 0);

  t.after(() => native.connectionFree(id));
  return { output: new Output(socket, id), socket };
}

describe('Frames of one tick', () => {
  it('leave in one write, in order, at the end of the tick', async (t) => {
    const { output, socket } = createOutput(t);

    output.text('a', FIN_TEXT, false);
    output.bytes(Buffer.from('b'), FIN_BINARY, false);
    output.raw([hex('82 01'), 'c']);
    assert.deepStrictEqual(socket.written, []);

    await new Promise((resolve) => process.nextTick(resolve));
    assert.deepStrictEqual(socket.written, [
      hex('81 01 61  82 01 62  82 01 63')
    ]);
  });

  it('wait while held, and leave within the release', (t) => {
    const { output, socket } = createOutput(t);

    FlushQueue.hold();
    FlushQueue.hold();
    output.text('a', FIN_TEXT, false);
    FlushQueue.release();
    assert.deepStrictEqual(socket.written, []);
    FlushQueue.release();
    assert.deepStrictEqual(socket.written, [hex('81 01 61')]);
  });

  it('leave within the tick when they are many bytes', (t) => {
    const { output, socket } = createOutput(t);
    const data = Buffer.alloc(1000, 'a');

    for (let i = 0; i < 100; i++) output.bytes(data, FIN_BINARY, false);
    assert.ok(socket.writableLength > 50_000);
    assert.ok(socket.written.length <= 7);
  });

  it('are masked with a key that is given', async (t) => {
    const { output, socket } = createOutput(t);

    // RFC 6455, section 5.7.
    output.text('Hello', FIN_TEXT, true, 0x37fa213d);
    output.bytes(Buffer.from('Hello'), FIN_TEXT, true, 0x37fa213d);
    output.flush();

    const hello = hex('81 85 37 fa 21 3d 7f 9f 4d 51 58');

    assert.deepStrictEqual(socket.written, [Buffer.concat([hello, hello])]);
  });

  it('are encoded as UTF-8, at all lengths', async (t) => {
    const { output, socket } = createOutput(t);
    let size = 0;

    for (const text of ['é', '\ud83d\ude00', '\ud800', 'é'.repeat(20_000)]) {
      const bytes = Buffer.from(text);

      size = Buffer.concat(socket.written).length;
      output.text(text, FIN_TEXT, false);
      output.flush();
      await tick();

      const written = Buffer.concat(socket.written).subarray(size);

      assert.deepStrictEqual(written.subarray(-bytes.length), bytes);
      assert.ok(written.length <= bytes.length + 4);
    }
  });

  it('leave a large payload where it is', async (t) => {
    const { client, peer } = openDuplexPair(t);
    const large = randomBytes(1 << 20);
    const before = sha256(large);

    peer.send('a');
    peer.send(large);
    peer._sender.sendFrame([hex('82 7f 00 00 00 00 00 10 00 00'), large]);
    peer.send('b');

    const events = await collect(client, 'message', 4);
    const uncopied = peer._socket.written.filter(
      (chunk) => chunk.buffer === large.buffer
    );

    assert.strictEqual(uncopied.length, 2);
    assert.strictEqual(sha256(large), before);
    assert.strictEqual(sha256(events[1][0]), before);
    assert.strictEqual(sha256(events[2][0]), before);
  });
});

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

    it('frames that are sent before terminate() go out', async (t) => {
      const { client, peer } = await open(t);
      const messages = [];
      let calls = 0;

      client.on('message', (data) => messages.push(String(data)));
      peer.send('1');
      peer.send('2', () => calls++);
      peer.terminate();
      await closeOf(client);
      if (peer.readyState !== peer.CLOSED) await closeOf(peer);
      assert.deepStrictEqual(messages, ['1', '2']);
      assert.strictEqual(calls, 1);
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

describe('A socket that is gone', () => {
  it('fails frames that it cannot take any more, each once', async (t) => {
    const { output, socket } = createOutput(t);
    const outcomes = [];

    socket.on('error', () => {});
    socket.destroy();
    await once(socket, 'close');
    output.text('a', FIN_TEXT, false, undefined, (err) => outcomes.push(err));
    output.raw([hex('82 00')], (err) => outcomes.push(err));
    output.bytes(Buffer.alloc(50_000), FIN_BINARY, false, undefined, (err) =>
      outcomes.push(err)
    );
    for (let i = 0; i < 5; i++) await tick();
    assert.strictEqual(outcomes.length, 3);
    for (const err of outcomes) {
      assert.strictEqual(err.code, 'ERR_STREAM_DESTROYED');
    }
  });
});

'use strict';

const assert = require('node:assert');
const { createHash, randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const Sender = require('../../lib/connection/sender');
const WebSocket = require('../../lib/api/websocket');
const { hex } = require('../support/events');
const { portOf } = require('../support/raw-http');
const { serve } = require('../support/servers');
const {
  closeOf,
  collect,
  openPair,
  openRawClient,
  openRawServer,
  readBytes
} = require('../support/pairs');

const METHODS = ['send', 'ping', 'pong'];

function sha256(data) {
  return createHash('sha256').update(data).digest('hex');
}

describe('Sending before the connection is open', () => {
  for (const method of METHODS) {
    it(`by ${method}() throws`, async (t) => {
      const wss = serve(t);
      const ws = new WebSocket(`ws://127.0.0.1:${await portOf(wss)}`);

      assert.throws(() => ws[method]('a'), {
        constructor: Error,
        message: 'WebSocket is not open: readyState 0 (CONNECTING)'
      });
      await once(ws, 'open');
      ws.terminate();
    });
  }
});

describe('Sending after the connection was closed', () => {
  for (const method of METHODS) {
    it(`by ${method}() counts the bytes and calls back an error`, async (t) => {
      const { client } = await openPair(t);
      const blob = new Blob(['abc']);

      client.terminate();

      const before = client.bufferedAmount;
      const errors = [];
      const callback = (err) => errors.push(err.message);

      client[method]('é', callback);
      client[method](Buffer.of(1), callback);
      client[method](new Uint16Array(2), callback);
      client[method](new ArrayBuffer(5), callback);
      client[method](blob, callback);
      client[method](12, callback);
      client[method](undefined, callback);
      assert.deepStrictEqual(errors, []);

      const counted = client.bufferedAmount - before;

      assert.strictEqual(counted, 2 + 1 + 4 + 5 + 3 + 2);
      await closeOf(client);
      assert.deepStrictEqual(
        errors,
        Array(7).fill('WebSocket is not open: readyState 2 (CLOSING)')
      );

      client[method]('a', callback);
      assert.strictEqual(client.bufferedAmount - before, counted + 1);
      await new Promise((resolve) => setImmediate(resolve));
      assert.strictEqual(
        errors.at(-1),
        'WebSocket is not open: readyState 3 (CLOSED)'
      );
    });
  }
});

describe('send()', () => {
  it('takes data of all types', async (t) => {
    const { client, peer } = await openPair(t);
    const { buffer } = new Uint8Array([1, 2, 3, 4]);
    const inputs = [
      ['é', 'c3a9', false],
      [12.5, '31322e35', false],
      [0, '30', false],
      ['', '', false],
      [null, '', true],
      [undefined, '', true],
      [buffer, '01020304', true],
      [Buffer.from(buffer, 1, 2), '0203', true],
      [new Uint16Array(buffer, 2), '0304', true],
      [new DataView(buffer, 3), '04', true],
      [[5, 6], '0506', true],
      [new Blob(['ab']), '6162', true]
    ];

    for (const [data, bytes, isBinary] of inputs) {
      client.send(data);
      assert.deepStrictEqual(await once(peer, 'message'), [
        hex(bytes),
        isBinary
      ]);
    }
  });

  it('throws for other types, and sends nothing', async (t) => {
    const { client, peer } = await openPair(t);

    for (const data of [true, {}, Symbol('a')]) {
      assert.throws(() => client.send(data), { name: 'TypeError' });
    }

    client.send('next');
    assert.strictEqual(String((await once(peer, 'message'))[0]), 'next');
  });

  it('has the options binary and fin', async (t) => {
    const { peer, socket } = await openRawClient(t);
    const answer = readBytes(socket, 12);

    peer.send('a', { binary: true });
    peer.send(Buffer.from('b'), { binary: false });
    peer.send('c', { fin: false });
    peer.send(Buffer.from('d'));
    assert.deepStrictEqual(
      await answer,
      hex('82 01 61  81 01 62  01 01 63  80 01 64')
    );
  });

  it('has the option mask, even where it violates the protocol', async (t) => {
    const { peer } = await openRawClient(t);
    const { client, socket } = await openRawServer(t, {
      generateMask: (mask) => mask.set([0x37, 0xfa, 0x21, 0x3d])
    });
    const answer = readBytes(socket, 11 + 3);

    client.send('Hello');
    client.send('a', { mask: false });
    assert.deepStrictEqual(
      await answer,
      hex('81 85 37 fa 21 3d 7f 9f 4d 51 58  81 01 61')
    );
    peer.terminate();
  });

  it('masks with a key that changes', async (t) => {
    const { client, socket } = await openRawServer(t);
    const answer = readBytes(socket, 16 * 10);

    for (let i = 0; i < 16; i++) client.send(Buffer.alloc(4));

    const bytes = await answer;
    const keys = new Set();

    for (let i = 0; i < 160; i += 10) {
      keys.add(bytes.toString('hex', i + 2, i + 6));
    }

    assert.ok(keys.size > 1);
  });

  it('does not change what it is given, at no size', async (t) => {
    const { client, peer } = await openPair(t);

    for (const size of [1, 1000, 20_000, 70_000, 1 << 20]) {
      for (const [from, to] of [
        [client, peer],
        [peer, client]
      ]) {
        const data = randomBytes(size);
        const before = sha256(data);

        from.send(data);

        const [received] = await once(to, 'message');

        assert.strictEqual(sha256(received), before);
        assert.strictEqual(sha256(data), before);
      }
    }
  });

  it('compresses unless it is told not to', async (t) => {
    const { peer, socket } = await openRawClient(
      t,
      { perMessageDeflate: true },
      { 'Sec-WebSocket-Extensions': 'permessage-deflate' }
    );
    const answer = readBytes(socket, 9 + 7 + 7);

    // RFC 7692, section 7.2.3: the second time out of the context.
    peer.send('Hello');
    peer.send('Hello', { compress: false });
    peer.send('Hello');
    assert.deepStrictEqual(
      await answer,
      hex(
        'c1 07 f2 48 cd c9 c9 07 00  81 05 48 65 6c 6c 6f ' +
          'c1 05 f2 00 11 00 00'
      )
    );
  });

  it('counts what waits for its compression, as it is', async (t) => {
    const { client, peer } = await openPair(t, {
      server: { perMessageDeflate: true }
    });

    peer.send('a'.repeat(1000));
    assert.strictEqual(peer.bufferedAmount, 1000);
    peer.send('é');
    assert.strictEqual(peer.bufferedAmount, 1002);
    await collect(client, 'message', 2);
    assert.strictEqual(peer.bufferedAmount, 0);
  });
});

describe('ping() and pong()', () => {
  it('take no more than 125 bytes', async (t) => {
    const { client, peer } = await openPair(t);

    for (const method of ['ping', 'pong']) {
      assert.throws(() => client[method](Buffer.alloc(126)), {
        name: 'RangeError',
        message: 'The data size must not be greater than 125 bytes'
      });
      client[method](Buffer.alloc(125));
      assert.strictEqual((await once(peer, method))[0].length, 125);
    }
  });

  it('send text, numbers and nothing', async (t) => {
    const { client, peer } = await openPair(t);

    client.ping();
    client.ping(0);
    client.ping('é');

    const events = await collect(peer, 'ping', 3);

    assert.deepStrictEqual(
      events.map(([data]) => String(data)),
      ['', '0', 'é']
    );
  });
});

describe('Many messages', () => {
  it('of 1 byte to 4 MiB arrive intact, both ways at once', async (t) => {
    const { client, peer } = await openPair(t);
    const sizes = [1, 7, 125, 4096, 16_383, 16_384, 65_536, 1 << 20, 4 << 20];
    const datas = [...sizes, ...sizes].map((size, i) =>
      Buffer.alloc(size, `message ${i}`)
    );

    for (const data of datas) {
      client.send(data);
      peer.send(data);
    }

    for (const end of await Promise.all([
      collect(client, 'message', datas.length),
      collect(peer, 'message', datas.length)
    ])) {
      assert.deepStrictEqual(
        end.map(([data]) => sha256(data)),
        datas.map(sha256)
      );
    }
  });

  it('keep their order with frames made by Sender.frame()', async (t) => {
    const { client, peer } = await openPair(t);
    const sent = [];
    const called = [];

    for (let i = 0; i < 300; i++) {
      const text = `${i}:${'x'.repeat(i % 7 === 0 ? 20_000 : i)}`;

      sent.push(text);
      if (i % 3 === 0) {
        peer.send(text, () => called.push(i));
      } else {
        const list = Sender.frame(Buffer.from(text), {
          fin: true,
          mask: false,
          opcode: 1,
          readOnly: true,
          rsv1: false
        });

        peer._sender.sendFrame(list, () => called.push(i));
      }
    }

    const events = await collect(client, 'message', sent.length);

    assert.deepStrictEqual(
      events.map(([data]) => String(data)),
      sent
    );
    await new Promise((resolve) => peer.send('', resolve));
    assert.deepStrictEqual(called, [...sent.keys()]);
  });
});
